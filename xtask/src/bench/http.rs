//! A client for HTTP/1.1 on loopback (RFC 9112): one request a connection, no TLS.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, bail, ensure};

const TIMEOUT: Duration = Duration::from_mins(2);

/// Asks for a path and returns the body of a 200.
pub(super) fn get(address: &str, path: &str) -> anyhow::Result<Vec<u8>> {
    request(
        address,
        &format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"),
        b"",
    )
}

/// Sends JSON and returns the body of a 200.
pub(super) fn post_json(address: &str, path: &str, body: &str) -> anyhow::Result<Vec<u8>> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    request(address, &head, body.as_bytes())
}

fn request(address: &str, head: &str, body: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut stream =
        TcpStream::connect(address).with_context(|| format!("cannot connect to {address}"))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(&[head.as_bytes(), body].concat())?;
    let (status, body) = read_response(BufReader::new(stream))?;
    let line = head.lines().next().unwrap_or_default();
    ensure!(status == 200, "{line}: status {status}: {}", String::from_utf8_lossy(&body));
    Ok(body)
}

/// Reads a status and a body: with a length, in chunks, or up to the end.
pub(super) fn read_response(mut reader: impl BufRead) -> anyhow::Result<(u16, Vec<u8>)> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.with_context(|| format!("no HTTP answer: `{}`", line.trim()))?;
    let (mut length, mut chunked) = (None, false);
    loop {
        line.clear();
        ensure!(reader.read_line(&mut line)? > 0, "the answer ends in its header");
        if line.trim().is_empty() {
            break;
        }
        let header = line.trim().split_once(':');
        let (name, value) = header.with_context(|| format!("no header: `{}`", line.trim()))?;
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = Some(value.trim().parse::<u64>()?),
            "transfer-encoding" => chunked = value.trim().eq_ignore_ascii_case("chunked"),
            _ => {}
        }
    }
    let mut body = Vec::new();
    match length {
        _ if chunked => read_chunks(&mut reader, &mut body)?,
        Some(length) => {
            reader.by_ref().take(length).read_to_end(&mut body)?;
            ensure!(body.len() as u64 == length, "the answer ends early");
        }
        None => {
            reader.read_to_end(&mut body)?;
        }
    }
    Ok((status, body))
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> anyhow::Result<()> {
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let size = line.trim().split(';').next().unwrap_or_default();
        let Ok(size) = u64::from_str_radix(size, 16) else {
            bail!("the answer ends early, in place of a chunk's size stands `{}`", line.trim());
        };
        if size == 0 {
            return Ok(());
        }
        let before = body.len() as u64;
        reader.by_ref().take(size).read_to_end(body)?;
        ensure!(body.len() as u64 - before == size, "the answer ends in a chunk");
        reader.read_line(&mut line)?;
    }
}

/// A value as a part of a URL's query (RFC 3986, section 2.1).
pub(super) fn encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
