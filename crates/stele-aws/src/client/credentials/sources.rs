//! The sources of the chain, in the order of AWS's tools.

use std::path::Path;

use serde_json::{Map, Value, json};

use super::profile::{Files, Profile};
use super::{Credentials, CredentialsError, Role, Secret};
use crate::call::Call;
use crate::client::http::Http;
use crate::operation;

/// Profiles may lead to others this far.
const PROFILE_DEPTH_MAX: usize = 5;
const IMDS: &str = "http://169.254.169.254";
const CONTAINER: &str = "http://169.254.170.2";
const TOKEN_SECONDS: &str = "21600";

fn error(text: impl Into<String>) -> CredentialsError {
    CredentialsError(text.into())
}

pub(super) async fn chain(
    http: &Http,
    region: &str,
    profile: Option<&str>,
) -> Result<Credentials, CredentialsError> {
    let variables = http.variables();
    if profile.is_none() {
        if let Some(found) = environment(http) {
            return Ok(found);
        }
        if let (Some(file), Some(arn)) =
            (variables.get("AWS_WEB_IDENTITY_TOKEN_FILE"), variables.get("AWS_ROLE_ARN"))
        {
            let name = variables.get("AWS_ROLE_SESSION_NAME").unwrap_or("stele");
            return web_identity(http, region, file, arn, name).await;
        }
    }
    let files = Files::read(variables);
    let named = profile.or_else(|| variables.get("AWS_PROFILE"));
    let name = named.unwrap_or("default");
    match files.profile(name) {
        Some(settings) => {
            if let Some(found) = of_profile(http, region, &files, name, settings, 0).await? {
                return Ok(found);
            }
        }
        None if named.is_some() => {
            return Err(error(format!("there is no profile `{name}` in the files below `~/.aws`")));
        }
        None => {}
    }
    if let Some(found) = container(http).await? {
        return Ok(found);
    }
    if let Some(found) = instance(http).await {
        return Ok(found);
    }
    Err(error(
        "no credentials: not in the environment, in a profile, from a container or an instance; \
         set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ))
}

fn environment(http: &Http) -> Option<Credentials> {
    let variables = http.variables();
    Some(Credentials {
        access_key: variables.get("AWS_ACCESS_KEY_ID")?.to_owned(),
        secret: Secret::new(variables.get("AWS_SECRET_ACCESS_KEY")?.to_owned()),
        token: variables.get("AWS_SESSION_TOKEN").map(|text| Secret::new(text.to_owned())),
        expires_micros: None,
    })
}

async fn of_profile(
    http: &Http,
    region: &str,
    files: &Files,
    name: &str,
    settings: &Profile,
    depth: usize,
) -> Result<Option<Credentials>, CredentialsError> {
    if depth >= PROFILE_DEPTH_MAX {
        return Err(error(format!("profile `{name}`: `source_profile` leads in a circle")));
    }
    let get = |key: &str| settings.get(key).map(String::as_str);
    let region = get("region").unwrap_or(region);
    if let Some(arn) = get("role_arn") {
        let session = get("role_session_name").unwrap_or("stele");
        if let Some(file) = get("web_identity_token_file") {
            return web_identity(http, region, file, arn, session).await.map(Some);
        }
        let base = match (get("source_profile"), get("credential_source")) {
            // A profile may be its own source: its keys, and then its role.
            (Some(source), _) if source == name => keys(settings),
            (Some(source), _) => {
                let settings = files.profile(source).ok_or_else(|| {
                    error(format!("profile `{name}`: there is no source_profile `{source}`"))
                })?;
                Box::pin(of_profile(http, region, files, source, settings, depth + 1)).await?
            }
            (None, Some("Environment")) => environment(http),
            (None, Some("EcsContainer")) => container(http).await?,
            (None, Some("Ec2InstanceMetadata")) => instance(http).await,
            (None, other) => {
                return Err(error(format!(
                    "profile `{name}`: a role needs a `source_profile` or a `credential_source` \
                     (it is {other:?})"
                )));
            }
        };
        let base = base.ok_or_else(|| {
            error(format!("profile `{name}`: no credentials to take on `{arn}` with"))
        })?;
        let role = Role {
            arn: arn.to_owned(),
            external_id: get("external_id").map(str::to_owned),
            session_name: session.to_owned(),
        };
        return assume(http, region, &base, &role).await.map(Some);
    }
    if let Some(found) = keys(settings) {
        return Ok(Some(found));
    }
    if settings.contains_key("credential_process")
        || settings.contains_key("sso_session")
        || settings.contains_key("sso_start_url")
        || settings.contains_key("login_session")
    {
        return Err(error(format!(
            "profile `{name}` gets its credentials from a program or a sign-in, which Stele does \
             not run; do it with `eval \"$(aws configure export-credentials --profile {name} \
             --format env)\"`"
        )));
    }
    Ok(None)
}

fn keys(settings: &Profile) -> Option<Credentials> {
    Some(Credentials {
        access_key: settings.get("aws_access_key_id")?.clone(),
        secret: Secret::new(settings.get("aws_secret_access_key")?.clone()),
        token: settings.get("aws_session_token").map(|text| Secret::new(text.clone())),
        expires_micros: None,
    })
}

/// `sts:AssumeRole`.
pub(super) async fn assume(
    http: &Http,
    region: &str,
    base: &Credentials,
    role: &Role,
) -> Result<Credentials, CredentialsError> {
    let mut params = object(json!({"RoleArn": role.arn, "RoleSessionName": role.session_name}));
    if let Some(external_id) = &role.external_id {
        params.insert("ExternalId".to_owned(), Value::String(external_id.clone()));
    }
    sts(http, region, "sts:AssumeRole", params, Some(base)).await.map_err(|reason| {
        let arn = &role.arn;
        error(format!(
            "cannot take on `{arn}`: {reason}; its trust policy must allow the caller, with the \
             external id if it asks for one"
        ))
    })
}

async fn web_identity(
    http: &Http,
    region: &str,
    file: &str,
    arn: &str,
    session: &str,
) -> Result<Credentials, CredentialsError> {
    let token = read(file)?;
    let params =
        object(json!({"RoleArn": arn, "RoleSessionName": session, "WebIdentityToken": token}));
    sts(http, region, "sts:AssumeRoleWithWebIdentity", params, None)
        .await
        .map_err(|reason| error(format!("cannot take on `{arn}` with `{file}`: {reason}")))
}

async fn sts(
    http: &Http,
    region: &str,
    id: &str,
    params: Map<String, Value>,
    by: Option<&Credentials>,
) -> Result<Credentials, String> {
    let operation = operation::find(id).ok_or_else(|| format!("no operation {id}"))?;
    let call = Call { operation, region: region.to_owned(), params };
    let answer = http.call(&call, by).await.map_err(|e| format!("{}: {}", e.code, e.message))?;
    parsed(&answer["Credentials"]).ok_or_else(|| "the answer holds no credentials".to_owned())
}

/// Credentials as STS, containers and instances write them.
fn parsed(value: &Value) -> Option<Credentials> {
    let text =
        |names: &[&str]| names.iter().find_map(|name| value.get(name)?.as_str()).map(str::to_owned);
    let expires = text(&["Expiration"])
        .and_then(|text| chrono::DateTime::parse_from_rfc3339(&text).ok())
        .map(|time| time.timestamp_micros());
    Some(Credentials {
        access_key: text(&["AccessKeyId"])?,
        secret: Secret::new(text(&["SecretAccessKey"])?),
        token: text(&["SessionToken", "Token"]).map(Secret::new),
        expires_micros: expires,
    })
}

async fn container(http: &Http) -> Result<Option<Credentials>, CredentialsError> {
    let variables = http.variables();
    let url = match (
        variables.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
        variables.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    ) {
        (Some(path), _) => format!("{CONTAINER}{path}"),
        (None, Some(url)) => url.to_owned(),
        (None, None) => return Ok(None),
    };
    let token = match variables.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
        Some(file) => Some(read(file)?),
        None => variables.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(str::to_owned),
    };
    let headers: Vec<(&str, &str)> =
        token.as_deref().map(|token| ("authorization", token)).into_iter().collect();
    let text = http
        .plain("GET", &url, &headers)
        .await
        .map_err(|reason| error(format!("the container's credentials: {reason}")))?;
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    let found = parsed(&value).ok_or_else(|| error("the container's answer holds no credentials"));
    found.map(Some)
}

/// IMDSv2; whatever fails means that this is no instance with a role.
async fn instance(http: &Http) -> Option<Credentials> {
    let variables = http.variables();
    if variables.get("AWS_EC2_METADATA_DISABLED").is_some_and(|v| v.eq_ignore_ascii_case("true")) {
        return None;
    }
    let base = variables.get("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or(IMDS);
    let base = base.trim_end_matches('/');
    let seconds = [("x-aws-ec2-metadata-token-ttl-seconds", TOKEN_SECONDS)];
    let token = http.plain("PUT", &format!("{base}/latest/api/token"), &seconds).await.ok()?;
    let headers = [("x-aws-ec2-metadata-token", token.as_str())];
    let folder = format!("{base}/latest/meta-data/iam/security-credentials/");
    let role = http.plain("GET", &folder, &headers).await.ok()?;
    let role = role.lines().next()?.trim();
    let text = http.plain("GET", &format!("{folder}{role}"), &headers).await.ok()?;
    parsed(&serde_json::from_str(&text).ok()?)
}

fn read(file: &str) -> Result<String, CredentialsError> {
    std::fs::read_to_string(Path::new(file))
        .map(|text| text.trim().to_owned())
        .map_err(|reason| error(format!("cannot read the token `{file}`: {reason}")))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
