//! Query logs, of VPCs' resolvers and of public zones.

use serde_json::{Value, json};

use crate::plan::setting::{Setting, exists, named, nothing, pick, same, undo};

pub(super) const ALL: &[Setting] = &[
    Setting {
        call: "route53resolver:CreateResolverQueryLogConfig",
        read: "route53resolver:ListResolverQueryLogConfigs",
        by: &[],
        // By its name and where it goes; the answer of the call itself has it by another name.
        find: |found, params| {
            let items = found.as_array().map(Vec::as_slice).unwrap_or_default();
            let is = |config: &&Value| {
                ["Name", "DestinationArn"]
                    .iter()
                    .all(|name| same(&config[name], params.get(*name).unwrap_or(&Value::Null)))
            };
            let made = &found["ResolverQueryLogConfig"];
            let made = (!made.is_null()).then_some(made);
            let config = items.iter().find(is).or(made);
            config.map_or(Value::Null, |config| json!({"Id": config["Id"]}))
        },
        start: nothing,
        settled: exists,
        undo: |_, _| {
            let id = json!({"ResolverQueryLogConfigId": "${self.Id}"});
            undo("route53resolver:DeleteResolverQueryLogConfig", id)
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "route53resolver:AssociateResolverQueryLogConfig",
        read: "route53resolver:ListResolverQueryLogConfigAssociations",
        by: &[],
        // One that is being made is as good as one that is active, so the state says nothing of it.
        find: |found, params| {
            let items = found.as_array().map(Vec::as_slice).unwrap_or_default();
            let is = |each: &&Value| {
                ["ResolverQueryLogConfigId", "ResourceId"]
                    .iter()
                    .all(|name| same(&each[name], params.get(*name).unwrap_or(&Value::Null)))
            };
            items.iter().find(is).map_or(Value::Null, |each| json!({"Id": each["Id"]}))
        },
        start: nothing,
        settled: exists,
        undo: |_, params| {
            let names = ["ResolverQueryLogConfigId", "ResourceId"];
            let named = named(params, &names, json!({}));
            undo("route53resolver:DisassociateResolverQueryLogConfig", named)
        },
        leaves: "",
        contents: "",
    },
    Setting {
        call: "route53:CreateQueryLoggingConfig",
        read: "route53:ListQueryLoggingConfigs",
        by: &[],
        find: |found, params| {
            let zone = params.get("HostedZoneId").unwrap_or(&Value::Null);
            match (pick(found, "HostedZoneId", zone), &found["QueryLoggingConfig"]) {
                (Value::Object(config), _) => json!({"Id": config.get("Id")}),
                (_, Value::Object(made)) => json!({"Id": made.get("Id")}),
                _ => Value::Null,
            }
        },
        start: nothing,
        settled: exists,
        undo: |_, _| undo("route53:DeleteQueryLoggingConfig", json!({"Id": "${self.Id}"})),
        leaves: "",
        contents: "",
    },
];
