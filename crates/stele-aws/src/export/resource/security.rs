//! GuardDuty and Security Hub, where a policy wants them on.

use super::{How, Kind, Row, Say, how, same};

pub(super) const ALL: &[Row] = &[
    Row {
        call: "guardduty:CreateDetector",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("Enable", "Enable"),
                same("FindingPublishingFrequency", "FindingPublishingFrequency"),
                same("Features", "Features"),
                how("Tags", "Tags", How::Tags),
            ],
            ignored: &["ClientToken"],
            made: &[("DetectorId", "", "DetectorId")],
            keep: true,
            ..Kind::new("AWS::GuardDuty::Detector", "Detector")
        }),
        terraform: Say::Own(&Kind {
            props: &[
                same("Enable", "enable"),
                same("FindingPublishingFrequency", "finding_publishing_frequency"),
                how("Tags", "tags", How::TagMap),
            ],
            ignored: &["ClientToken"],
            made: &[("DetectorId", "id", "DetectorId")],
            ..Kind::new("aws_guardduty_detector", "")
        }),
    },
    Row {
        call: "securityhub:EnableSecurityHub",
        cloudformation: Say::Own(&Kind {
            props: &[
                same("EnableDefaultStandards", "EnableDefaultStandards"),
                same("ControlFindingGenerator", "ControlFindingGenerator"),
                same("Tags", "Tags"),
            ],
            keep: true,
            ..Kind::new("AWS::SecurityHub::Hub", "SecurityHub")
        }),
        // Terraform knows no tags of it.
        terraform: Say::Own(&Kind {
            props: &[
                same("EnableDefaultStandards", "enable_default_standards"),
                same("ControlFindingGenerator", "control_finding_generator"),
            ],
            ignored: &["Tags"],
            ..Kind::new("aws_securityhub_account", "")
        }),
    },
];
