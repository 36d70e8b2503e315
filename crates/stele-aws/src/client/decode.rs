//! An HTTP answer as a value, or as AWS's error.

use serde_json::{Map, Value};

use super::xml::{self, Shape};
use crate::operation::{Operation, Protocol};

/// What AWS says went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: String,
    pub(crate) message: String,
}

/// Reads a good answer: its body, and the headers that are members of it.
///
/// # Errors
/// It is not what the protocol says.
pub(crate) fn answer(
    operation: &Operation,
    body: &[u8],
    headers: &[(String, String)],
) -> Result<Value, String> {
    let row = &operation.row;
    let mut value = from_body(operation, body)?;
    if let Value::Object(members) = &mut value {
        for (member, name) in &row.answer_header {
            if let Some((_, text)) = headers.iter().find(|(header, _)| header == name) {
                members.insert(member.clone(), Value::String(text.clone()));
            }
        }
    }
    if !row.escaped.is_empty() {
        unescape(&mut value, &row.escaped);
    }
    Ok(value)
}

fn from_body(operation: &Operation, body: &[u8]) -> Result<Value, String> {
    let row = &operation.row;
    let protocol = operation.service.protocol;
    if row.text {
        let text = String::from_utf8_lossy(body).into_owned();
        return Ok(wrapped(&row.payload, Value::String(text)));
    }
    match protocol {
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => {
            if body.is_empty() {
                return Ok(Value::Object(Map::new()));
            }
            serde_json::from_slice(body).map_err(|error| format!("no JSON: {error}"))
        }
        Protocol::Query | Protocol::Ec2 | Protocol::RestXml => {
            if body.is_empty() {
                return Ok(Value::Object(Map::new()));
            }
            let capitals = protocol == Protocol::Ec2;
            let shape = Shape { lists: &row.lists, repeats: &row.repeats, capitals };
            let (root, mut value) = xml::parse(body, shape)?;
            if protocol == Protocol::Query {
                if root != format!("{}Response", operation.name) {
                    return Err(format!("`{root}` is no answer to {}", operation.id()));
                }
                let result = value.get_mut(format!("{}Result", operation.name));
                value = result.map_or_else(|| Value::Object(Map::new()), Value::take);
            } else if root == "html" || root == "Html" {
                return Err("a page of HTML".to_owned());
            }
            if !row.payload.is_empty() {
                value = wrapped(&row.payload, value);
            }
            // An element without children reads as text.
            Ok(if value.is_object() { value } else { Value::Object(Map::new()) })
        }
    }
}

/// Takes percent-encoding off the members that have it (IAM's documents).
fn unescape(value: &mut Value, escaped: &[String]) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if escaped.contains(name) => *text = unescaped(text),
                    other => unescape(other, escaped),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| unescape(item, escaped)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn unescaped(text: &str) -> String {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, behind @ ..] = rest {
        let decoded = match behind {
            [high, low, ..] if *byte == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        if let Some((high, low)) = decoded {
            bytes.push(high << 4 | low);
            rest = &behind[2..];
        } else {
            bytes.push(*byte);
            rest = behind;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn wrapped(name: &str, value: Value) -> Value {
    Value::Object([(name.to_owned(), value)].into_iter().collect())
}

/// Reads a refusal: the code from the header or the body, whatever the protocol.
pub(crate) fn refusal(status: u16, type_header: Option<&str>, body: &[u8]) -> Refusal {
    let from_header = type_header.map(short).filter(|code| !code.is_empty());
    let (mut code, message) = from_json(body).or_else(|| from_xml(body)).unwrap_or_default();
    if let Some(header) = from_header {
        code = header;
    }
    if code.is_empty() {
        code = format!("http-{status}");
    }
    Refusal { code, message }
}

fn from_json(body: &[u8]) -> Option<(String, String)> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let text = |names: &[&str]| {
        names.iter().find_map(|name| value.get(name)?.as_str()).unwrap_or_default().to_owned()
    };
    Some((short(&text(&["__type", "code", "Code"])), text(&["message", "Message"])))
}

fn from_xml(body: &[u8]) -> Option<(String, String)> {
    let (root, value) = xml::parse(body, Shape::default()).ok()?;
    let error = match root.as_str() {
        "Error" => Some(&value),
        "ErrorResponse" => value.get("Error"),
        "Response" => value.get("Errors").and_then(|errors| errors.get("Error")),
        _ => None,
    }?;
    let text = |name| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    Some((short(&text("Code")), text("Message")))
}

/// The name alone: without the namespace before `#` and the address behind `:`.
fn short(code: &str) -> String {
    let code = code.rsplit('#').next().unwrap_or(code);
    code.split(':').next().unwrap_or(code).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::operation;

    fn read(id: &str, body: &str) -> Result<Value, String> {
        answer(operation::find(id).unwrap(), body.as_bytes(), &[])
    }

    #[test]
    fn answers_are_read_in_each_protocol() {
        for (id, body, expected) in [
            ("logs:DescribeLogGroups", r#"{"logGroups":[]}"#, json!({"logGroups": []})),
            ("logs:DescribeLogGroups", "", json!({})),
            (
                "rds:DescribeDBInstances",
                "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance>\
                 <Engine>mysql</Engine><EnabledCloudwatchLogsExports><member>audit</member>\
                 </EnabledCloudwatchLogsExports></DBInstance></DBInstances>\
                 </DescribeDBInstancesResult></DescribeDBInstancesResponse>",
                json!({"DBInstances": [
                    {"Engine": "mysql", "EnabledCloudwatchLogsExports": ["audit"]}]}),
            ),
            (
                "rds:DescribeOptionGroups",
                "<DescribeOptionGroupsResponse><DescribeOptionGroupsResult><OptionGroupsList>\
                 <OptionGroup><OptionGroupName>g</OptionGroupName><Options><Option><OptionName>o\
                 </OptionName><OptionSettings><OptionSetting><Name>n</Name></OptionSetting>\
                 </OptionSettings></Option></Options></OptionGroup></OptionGroupsList>\
                 </DescribeOptionGroupsResult></DescribeOptionGroupsResponse>",
                json!({"OptionGroupsList": [{"OptionGroupName": "g", "Options": [
                    {"OptionName": "o", "OptionSettings": [{"Name": "n"}]}]}]}),
            ),
            (
                "ec2:DescribeInstances",
                "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>\
                 i-1</instanceId><instanceState><name>running</name></instanceState></item>\
                 </instancesSet></item></reservationSet></DescribeInstancesResponse>",
                json!({"ReservationSet": [{"InstancesSet": [
                    {"InstanceId": "i-1", "InstanceState": {"Name": "running"}}]}]}),
            ),
            (
                "ec2:DescribeVpcs",
                "<DescribeVpcsResponse><requestId>1</requestId><vpcSet/></DescribeVpcsResponse>",
                json!({"RequestId": "1", "VpcSet": ""}),
            ),
            ("s3:GetBucketPolicy", r#"{"Version":"x"}"#, json!({"Policy": "{\"Version\":\"x\"}"})),
            (
                "s3:GetBucketLocation",
                "<LocationConstraint xmlns='http://s3'>eu-west-1</LocationConstraint>",
                json!({"LocationConstraint": "eu-west-1"}),
            ),
            ("s3:GetBucketLogging", "<BucketLoggingStatus xmlns='http://s3'/>", json!({})),
            (
                "cloudfront:ListDistributions",
                "<DistributionList><Items><DistributionSummary><Id>E1</Id></DistributionSummary>\
                 </Items></DistributionList>",
                json!({"DistributionList": {"Items": [{"Id": "E1"}]}}),
            ),
        ] {
            assert_eq!(read(id, body), Ok(expected), "{id}");
        }
        for (id, body) in [
            ("logs:DescribeLogGroups", "{\"logGroups\":["),
            ("logs:DescribeLogGroups", "<html></html>"),
            ("rds:DescribeDBInstances", "<html></html>"),
            ("ec2:DescribeVpcs", "<html><body>hello</body></html>"),
        ] {
            assert!(read(id, body).is_err(), "{id} {body}");
        }
    }

    #[test]
    fn headers_and_escaped_members_belong_to_the_answer() {
        let name = "x-amz-transition-default-minimum-object-size";
        let headers = [("date".to_owned(), "x".to_owned()), (name.to_owned(), "varies".to_owned())];
        let lifecycle = operation::find("s3:GetBucketLifecycleConfiguration").unwrap();
        let body = b"<LifecycleConfiguration><Rule><ID>1</ID></Rule></LifecycleConfiguration>";
        let expected = json!({
            "Rule": [{"ID": "1"}], "TransitionDefaultMinimumObjectSize": "varies"});
        assert_eq!(answer(lifecycle, body, &headers), Ok(expected));
        let role = "<GetRolePolicyResponse><GetRolePolicyResult><PolicyName>a%20b</PolicyName>\
                    <PolicyDocument>%7B%22a%22%3A%22%C3%A9%25%22%7D%+1</PolicyDocument>\
                    </GetRolePolicyResult></GetRolePolicyResponse>";
        let expected = json!({"PolicyName": "a%20b", "PolicyDocument": "{\"a\":\"é%\"}%+1"});
        assert_eq!(read("iam:GetRolePolicy", role), Ok(expected));
    }

    #[test]
    fn refusals_are_read_whatever_the_protocol() {
        let ec2 = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no\
                   </Message></Error></Errors></Response>";
        let s3 = "<Error><Code>NoSuchBucketPolicy</Code><Message>m</Message></Error>";
        let query = "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>";
        let json = r#"{"__type":"com.amazonaws.x#AccessDeniedException","Message":"m"}"#;
        for (status, header, body, code) in [
            (403, None, ec2, "UnauthorizedOperation"),
            (404, None, s3, "NoSuchBucketPolicy"),
            (400, None, query, "Throttling"),
            (400, None, json, "AccessDeniedException"),
            (400, Some("NotFoundException:http://x/"), "{}", "NotFoundException"),
            (500, None, "<html><h1>sorry</h1></html>", "http-500"),
            (502, None, "", "http-502"),
        ] {
            assert_eq!(refusal(status, header, body.as_bytes()).code, code);
        }
    }
}
