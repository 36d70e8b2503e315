//! No bytes make a reader panic.

use proptest::prelude::*;

use crate::cloudtrail::digest::Digest;
use crate::cloudtrail::logs::read_calls;
use crate::cloudtrail::names::{DigestName, LogName};
use crate::cloudtrail::{Anchors, MetadataMap, PublicKeys};
use crate::objects::BucketFolder;

const DIGEST: &str = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/01/\
                      111122223333_CloudTrail-Digest_us-east-1_main_us-east-1_\
                      20260101T010000Z.json.gz";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC*", json in json_like()) {
        for text in [&text, &json] {
            let _ = PublicKeys::parse(text);
            let _ = PublicKeys::parse(&format!("-----BEGIN PUBLIC KEY-----{text}-----END X"));
            let _ = Anchors::parse(text);
            let _ = MetadataMap::parse(text);
            let _ = BucketFolder::parse(text);
            let _ = DigestName::parse(text);
            let _ = LogName::parse(text);
            let _ = Digest::parse(text.as_bytes());
            let name = DigestName::parse(DIGEST).unwrap();
            let _ = read_calls(text.as_bytes(), &name.chain);
            let _ = DigestName::parse(&DIGEST.replace("20260101T010000Z", text));
        }
    }

    #[test]
    fn no_der_makes_the_keys_panic(der in proptest::collection::vec(any::<u8>(), 0..400)) {
        use base64::Engine as _;
        let value = base64::engine::general_purpose::STANDARD.encode(der);
        let _ = PublicKeys::parse(&format!("[{{\"Value\": \"{value}\"}}]"));
    }
}

/// JSON of the right names and wrong values.
fn json_like() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        Just("null".to_owned()),
        Just("1e400".to_owned()),
        Just("[]".to_owned()),
        Just("\"9999-12-31T23:59:59Z\"".to_owned()),
        "[0-9]{1,20}",
        "\"[a-zA-Z0-9/:.-]{0,30}\"",
    ];
    let names = [
        "digestStartTime",
        "digestEndTime",
        "digestS3Bucket",
        "digestS3Object",
        "digestPublicKeyFingerprint",
        "previousDigestSignature",
        "logFiles",
        "Value",
        "ValidityStartTime",
        "Records",
        "eventTime",
        "key",
        "sha256",
    ];
    proptest::collection::vec((proptest::sample::select(names.to_vec()), value), 0..14).prop_map(
        |fields| {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            format!("{{{}}}", fields.join(","))
        },
    )
}
