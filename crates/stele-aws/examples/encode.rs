//! Prints what the client would send, for `tests/moto/encode.py` to compare with botocore.
//!
//! Each line of the input is a JSON object: `{"call": "s3:GetBucketPolicy", "region": "eu-west-1",
//! "params": {..}}` prints the request, `{"answer_to": "s3:GetBucketLogging", "body": "<..>"}` prints
//! how an answer is read. What cannot be done prints `{"error": ".."}`. Nothing is sent.

use std::io::{BufRead as _, Write as _};

use serde_json::{Value, json};
use stele_aws::call::Call;
use stele_aws::{client, operation};

fn main() -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let answer = answer(&line?).unwrap_or_else(|error| json!({"error": error}));
        writeln!(out, "{answer}")?;
    }
    out.flush()
}

fn answer(line: &str) -> Result<Value, String> {
    let asked: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let text = |name: &str| asked[name].as_str().unwrap_or_default();
    let find = |id: &str| operation::find(id).ok_or_else(|| format!("{id} is not in the table"));
    if asked.get("answer_to").is_some() {
        let operation = find(text("answer_to"))?;
        return client::read(operation, text("body").as_bytes());
    }
    let operation = find(text("call"))?;
    let params = asked["params"].as_object().cloned().unwrap_or_default();
    client::written(&Call { operation, region: text("region").to_owned(), params })
}
