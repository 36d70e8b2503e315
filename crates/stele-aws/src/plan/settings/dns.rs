//! Query logs, of VPCs' resolvers and of public zones.

use serde_json::{Value, json};

use crate::plan::setting::{Setting, exists, named, nothing, only, pick, pick_all, undo};

pub(super) const ALL: &[Setting] = &[
    Setting {
        call: "route53resolver:CreateResolverQueryLogConfig",
        read: "route53resolver:ListResolverQueryLogConfigs",
        by: &[],
        // By its name and where it goes; the answer of the call itself has it by another name.
        find: |found, params| match pick_all(found, &["Name", "DestinationArn"], params) {
            Value::Null => only(&found["ResolverQueryLogConfig"], &["Id"]),
            config => only(&config, &["Id"]),
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
            let members = ["ResolverQueryLogConfigId", "ResourceId"];
            only(&pick_all(found, &members, params), &["Id"])
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
            match pick(found, "HostedZoneId", zone) {
                Value::Null => only(&found["QueryLoggingConfig"], &["Id"]),
                config => only(&config, &["Id"]),
            }
        },
        start: nothing,
        settled: exists,
        undo: |_, _| undo("route53:DeleteQueryLoggingConfig", json!({"Id": "${self.Id}"})),
        leaves: "",
        contents: "",
    },
];
