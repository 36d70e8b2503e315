//! The profile files of AWS's tools: `~/.aws/config` and `~/.aws/credentials`.
//!
//! Reading them is here and pure but for the two reads; what a profile then leads to is in
//! `sources.rs`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::variables::Variables;

/// The settings of one profile.
pub(crate) type Profile = BTreeMap<String, String>;

/// Both files.
#[derive(Default)]
pub(crate) struct Files {
    profiles: BTreeMap<String, Profile>,
}

impl Files {
    /// Reads both files; one that is not there holds nothing.
    pub(crate) fn read(variables: &Variables) -> Self {
        let folder = variables.home().join(".aws");
        let path = |variable: &str, name: &str| {
            variables.get(variable).map_or_else(|| folder.join(name), PathBuf::from)
        };
        let text = |path: PathBuf| std::fs::read_to_string(path).unwrap_or_default();
        Self::parse(
            &text(path("AWS_CONFIG_FILE", "config")),
            &text(path("AWS_SHARED_CREDENTIALS_FILE", "credentials")),
        )
    }

    /// Puts the texts of both files together; the credentials file wins.
    pub(crate) fn parse(config: &str, credentials: &str) -> Self {
        let mut files = Self::default();
        for (name, settings) in sections(config) {
            let name = match name.strip_prefix("profile ") {
                Some(name) => name.trim().to_owned(),
                None if name == "default" => name,
                // `sso-session` and others are no profiles.
                None => continue,
            };
            files.profiles.entry(name).or_default().extend(settings);
        }
        for (name, settings) in sections(credentials) {
            files.profiles.entry(name).or_default().extend(settings);
        }
        files
    }

    /// A profile by name.
    pub(crate) fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.get(name)
    }

    /// The region of the profile that is in force.
    pub(crate) fn region(&self, named: Option<&str>, variables: &Variables) -> Option<String> {
        let name = named.or_else(|| variables.get("AWS_PROFILE")).unwrap_or("default");
        self.profile(name)?.get("region").cloned()
    }
}

fn sections(text: &str) -> Vec<(String, Profile)> {
    let mut sections: Vec<(String, Profile)> = Vec::new();
    for line in text.lines() {
        let nested = line.starts_with([' ', '\t']);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            sections.push((name.trim().to_owned(), Profile::new()));
        } else if let (Some((_, profile)), Some((key, value))) =
            (sections.last_mut(), line.split_once('='))
        {
            // Settings of `s3 =` and its like are indented; they are not ours.
            if !nested {
                let value = value.split(" #").next().unwrap_or(value).trim();
                profile.insert(key.trim().to_lowercase(), value.to_owned());
            }
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_of_both_files_are_one() {
        let files = Files::parse(
            "[default]\nregion = eu-west-1 # home\n[profile audit]\nrole_arn=arn:r\n\
             source_profile = default\ns3 =\n  role_arn = nested\n\
             [sso-session x]\nregion=us-east-1\n",
            "; keys\n[default]\naws_access_key_id = AKIA\nregion=eu-west-2\n",
        );
        assert_eq!(files.profile("default").unwrap()["aws_access_key_id"], "AKIA");
        assert_eq!(files.region(None, &Variables::default()).unwrap(), "eu-west-2");
        assert_eq!(files.profile("audit").unwrap()["role_arn"], "arn:r");
        assert!(files.profile("x").is_none());
    }
}
