//! What S3 answers, read, written back and compared with what it was, element by element: a plan
//! reads a state, changes it and writes it back, and what it did not change must stay.

use std::collections::BTreeMap;

use quick_xml::events::{BytesStart, Event};
use serde_json::{Value, json};

use super::tests::written;
use crate::client::decode;
use crate::client::xml::{Shape, parse};
use crate::operation;

/// An element as XML has it: name, attributes without namespaces, text, and children, those of one
/// name in their order.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tree {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    children: BTreeMap<String, Vec<Tree>>,
}

fn tree(xml: &str) -> Tree {
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut open: Vec<Tree> = Vec::new();
    loop {
        let event = reader.read_event().unwrap();
        let done = match &event {
            Event::Start(start) => {
                open.push(element(start));
                None
            }
            Event::Empty(start) => Some(element(start)),
            Event::End(_) => open.pop(),
            Event::Text(text) => {
                open.last_mut().unwrap().text.push_str(&text.decode().unwrap());
                None
            }
            Event::GeneralRef(name) => {
                let name = name.decode().unwrap();
                open.last_mut().unwrap().text.extend(["&", &name, ";"]);
                None
            }
            other => panic!("{other:?}"),
        };
        let Some(mut done) = done else { continue };
        if !done.children.is_empty() {
            done.text.clear();
        }
        match open.last_mut() {
            Some(parent) => parent.children.entry(done.name.clone()).or_default().push(done),
            None => return done,
        }
    }
}

fn element(start: &BytesStart<'_>) -> Tree {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let attributes = start
        .attributes()
        .map(|attribute| attribute.unwrap())
        .map(|attribute| (text(attribute.key.as_ref()), text(&attribute.value)))
        .collect();
    Tree { name: text(start.name().as_ref()), attributes, ..Tree::default() }
}

/// Reads an answer, hands a part of it to the write, and compares the body with the answer.
fn check(read: &str, write: &str, part: &str, xml: &str) -> Value {
    let read = operation::find(read).unwrap();
    let answer = decode::answer(read, xml.as_bytes(), &[]).unwrap();
    let state = if part.is_empty() { answer.clone() } else { answer[part].clone() };
    let body = &operation::find(write).unwrap().row.body;
    let params = json!({"Bucket": "logs", (body.as_str()): state});
    let request = written(write, params, &[]).unwrap();
    let again = String::from_utf8(request.body).unwrap();
    assert_eq!(tree(&again), tree(xml), "{again}");
    // And once more, through the decoder.
    assert_eq!(decode::answer(read, again.as_bytes(), &[]), Ok(answer));
    state
}

const S3: &str = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

#[test]
fn lifecycles_come_back() {
    let (read, write) =
        ("s3:GetBucketLifecycleConfiguration", "s3:PutBucketLifecycleConfiguration");
    let one = "<LifecycleConfiguration {S3}><Rule><ID>one &amp; only</ID><Prefix/>\
               <Status>Enabled</Status><Expiration><Days>30</Days></Expiration></Rule>\
               </LifecycleConfiguration>";
    let state = check(read, write, "", &one.replace("{S3}", S3));
    let days = json!({"Days": "30"});
    assert_eq!(
        state,
        json!({"Rule": [
            {"ID": "one & only", "Prefix": "", "Status": "Enabled", "Expiration": days}]})
    );
    // Every element that a rule may have, single and repeated, in the order of nobody.
    let many = "<LifecycleConfiguration {S3}>
        <Rule>
            <ID>and</ID>
            <Filter><And><Prefix>a/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag>
                <Tag><Key>l</Key><Value/></Tag><ObjectSizeGreaterThan>1</ObjectSizeGreaterThan>
                <ObjectSizeLessThan>9</ObjectSizeLessThan></And></Filter>
            <Status>Disabled</Status>
            <Transition><StorageClass>GLACIER</StorageClass><Days>0</Days></Transition>
            <Transition><Date>2026-01-01T00:00:00.000Z</Date>
                <StorageClass>DEEP_ARCHIVE</StorageClass></Transition>
            <NoncurrentVersionTransition><NoncurrentDays>3</NoncurrentDays>
                <StorageClass>GLACIER</StorageClass>
                <NewerNoncurrentVersions>2</NewerNoncurrentVersions></NoncurrentVersionTransition>
            <NoncurrentVersionExpiration><NewerNoncurrentVersions>1</NewerNoncurrentVersions>
                <NoncurrentDays>7</NoncurrentDays></NoncurrentVersionExpiration>
            <AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation>
            </AbortIncompleteMultipartUpload>
        </Rule>
        <Rule><Filter><And><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>
            <Status>Enabled</Status>
            <Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>
            <Transition><Days>1</Days><StorageClass>GLACIER</StorageClass></Transition></Rule>
        <Rule><Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter><Status>Enabled</Status>
            </Rule>
        <Rule><Filter/><Status>Enabled</Status>
            <Expiration><Date>2030-01-01T00:00:00Z</Date></Expiration></Rule>
        </LifecycleConfiguration>";
    check(read, write, "", &many.replace("{S3}", S3));
}

#[test]
fn access_logs_come_back() {
    let (read, write) = ("s3:GetBucketLogging", "s3:PutBucketLogging");
    let grantee = |kind: &str, id: &str| {
        format!(
            "<Grant><Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xsi:type=\"{kind}\">{id}</Grantee><Permission>READ</Permission></Grant>"
        )
    };
    let canonical = grantee("CanonicalUser", "<ID>a</ID><DisplayName>b</DisplayName>");
    let group = grantee("Group", "<URI>http://acs.amazonaws.com/groups/s3/LogDelivery</URI>");
    let formats = [
        "<SimplePrefix/>",
        "<PartitionedPrefix><PartitionDateSource>EventTime</PartitionDateSource></PartitionedPrefix>",
    ];
    for grants in ["", canonical.as_str(), &(canonical.clone() + &group)] {
        for format in formats {
            let enabled = format!(
                "<BucketLoggingStatus {S3}><LoggingEnabled><TargetBucket>b</TargetBucket>\
                 <TargetPrefix></TargetPrefix><TargetGrants>{grants}</TargetGrants>\
                 <TargetObjectKeyFormat>{format}</TargetObjectKeyFormat></LoggingEnabled>\
                 </BucketLoggingStatus>"
            );
            let state = check(read, write, "", &enabled);
            assert!(state["LoggingEnabled"]["TargetGrants"].is_array(), "{state}");
        }
    }
    assert_eq!(check(read, write, "", &format!("<BucketLoggingStatus {S3}/>")), json!({}));
}

#[test]
fn small_settings_come_back() {
    for (kind, part, xml) in [
        ("BucketVersioning", "", "<VersioningConfiguration {S3}/>"),
        (
            "BucketVersioning",
            "",
            "<VersioningConfiguration {S3}><Status>Suspended</Status><MfaDelete>Disabled</MfaDelete>\
             </VersioningConfiguration>",
        ),
        (
            "PublicAccessBlock",
            "PublicAccessBlockConfiguration",
            "<PublicAccessBlockConfiguration {S3}><BlockPublicAcls>true</BlockPublicAcls>\
             <IgnorePublicAcls>false</IgnorePublicAcls><BlockPublicPolicy>true</BlockPublicPolicy>\
             <RestrictPublicBuckets>false</RestrictPublicBuckets></PublicAccessBlockConfiguration>",
        ),
        (
            "ObjectLockConfiguration",
            "ObjectLockConfiguration",
            "<ObjectLockConfiguration {S3}><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule>\
             <DefaultRetention><Mode>COMPLIANCE</Mode><Years>7</Years></DefaultRetention></Rule>\
             </ObjectLockConfiguration>",
        ),
        ("BucketTagging", "", "<Tagging {S3}><TagSet/></Tagging>"),
        (
            "BucketTagging",
            "",
            "<Tagging {S3}><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>",
        ),
        (
            "BucketTagging",
            "",
            "<Tagging {S3}><TagSet><Tag><Key>a</Key><Value> &lt;x&gt; </Value></Tag>\
             <Tag><Value/><Key>b</Key></Tag></TagSet></Tagging>",
        ),
    ] {
        let (read, write) = (format!("s3:Get{kind}"), format!("s3:Put{kind}"));
        check(&read, &write, part, &xml.replace("{S3}", S3));
    }
}

#[test]
fn values_of_ones_own_come_back_as_text() {
    let rule = json!({"ID": "a\r\nb", "Status": "Enabled", "Filter": {"Prefix": ""},
        "Expiration": {"Days": 30, "ExpiredObjectDeleteMarker": false}});
    let params = json!({"Bucket": "logs", "LifecycleConfiguration": {"Rule": [rule]}});
    let request = written("s3:PutBucketLifecycleConfiguration", params, &[]).unwrap();
    let repeats = ["Rule".to_owned()];
    let shape = Shape { repeats: &repeats, ..Shape::default() };
    let (root, value) = parse(&request.body, shape).unwrap();
    assert_eq!(root, "LifecycleConfiguration");
    assert_eq!(
        value,
        json!({"Rule": [{"ID": "a\r\nb", "Status": "Enabled", "Filter": {"Prefix": ""},
            "Expiration": {"Days": "30", "ExpiredObjectDeleteMarker": "false"}}]})
    );
}
