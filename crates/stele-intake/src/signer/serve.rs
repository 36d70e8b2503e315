//! Answers for a signer on a Unix socket.
//!
//! One request a connection. A client that is slow, says too much or nothing is cut off, and holds
//! nobody up: connections are read side by side, so many at the most, and only whole requests wait
//! for the key.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use stele_ledger::signer::{LINE_BYTES_MAX, SignerAnswer, SignerRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use super::Keeper;

/// Who may ask, and for how long.
#[derive(Debug, Clone)]
pub struct ServeLimits {
    /// The users (by number) that may ask; everybody whom the socket's mode lets in where it is
    /// empty.
    pub users: Vec<u32>,
    /// A whole exchange may take so long.
    pub exchange_ms_max: u64,
    /// So many connections are open at the most; others wait.
    pub connections_max: usize,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self { users: Vec::new(), exchange_ms_max: 10_000, connections_max: 16 }
    }
}

/// Makes the socket, for its owner and its group. One that a signer before has left is replaced;
/// that no other signer runs, the lock of the key says.
///
/// # Errors
/// Where something else than a socket has the name, or the folder refuses.
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::other("something else than a socket is there"));
        }
        _ => {}
    }
    // Under another name until its mode is set: before, it may be open to more than it should.
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let temporary = PathBuf::from(temporary);
    let _ = std::fs::remove_file(&temporary);
    let listener = UnixListener::bind(&temporary)?;
    std::fs::set_permissions(&temporary, std::fs::Permissions::from_mode(0o660))?;
    std::fs::rename(&temporary, path)?;
    Ok(listener)
}

/// Answers until it is dropped.
pub async fn serve(listener: UnixListener, keeper: Keeper, limits: ServeLimits) {
    let keeper = Arc::new(Mutex::new(keeper));
    let limits = Arc::new(limits);
    let places = Arc::new(Semaphore::new(limits.connections_max));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Such as too many open files: waiting helps, asking again at once does not.
                tracing::warn!(%error, "cannot take a connection");
                tokio::time::sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let (keeper, limits) = (keeper.clone(), limits.clone());
        tokio::spawn(async move {
            let limit = Duration::from_millis(limits.exchange_ms_max);
            match tokio::time::timeout(limit, exchange(stream, keeper, &limits)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::warn!(%error, "a request was not answered"),
                Err(_) => tracing::warn!("a client was too slow and was cut off"),
            }
            drop(place);
        });
    }
}

/// Reads one request and answers it.
async fn exchange(
    mut stream: UnixStream,
    keeper: Arc<Mutex<Keeper>>,
    limits: &ServeLimits,
) -> io::Result<()> {
    let user = stream.peer_cred()?.uid();
    let answer = if limits.users.is_empty() || limits.users.contains(&user) {
        match request(&mut stream).await? {
            Ok((verb, body)) => {
                let asked = verb.clone();
                let answered = tokio::task::spawn_blocking(move || {
                    keeper.lock().unwrap_or_else(PoisonError::into_inner).answer(&verb, &body)
                });
                let answer = answered.await.map_err(io::Error::other)?;
                if let SignerAnswer::Refused(reason) | SignerAnswer::Failed(reason) = &answer {
                    tracing::warn!(user, request = %asked.escape_debug(), %reason, "refused");
                }
                answer
            }
            Err(error) => {
                tracing::warn!(user, %error, "refused");
                SignerAnswer::Refused(error.to_string())
            }
        }
    } else {
        tracing::warn!(user, "a user who may not ask was refused");
        SignerAnswer::Refused(format!("user {user} may not ask"))
    };
    stream.write_all(answer.encode().as_bytes()).await?;
    stream.shutdown().await
}

type Request = Result<(String, Vec<u8>), stele_ledger::Error>;

async fn request(stream: &mut UnixStream) -> io::Result<Request> {
    let mut line = Vec::new();
    loop {
        let byte = stream.read_u8().await?;
        if byte == b'\n' {
            break;
        }
        line.push(byte);
        if line.len() > LINE_BYTES_MAX {
            let (bytes, bytes_max) = (line.len(), LINE_BYTES_MAX);
            let what = "the first line";
            return Ok(Err(stele_ledger::Error::TooLong { what, bytes, bytes_max }));
        }
    }
    let (verb, length) = match SignerRequest::parse_line(&line) {
        Ok(parsed) => parsed,
        Err(error) => return Ok(Err(error)),
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Ok((verb, body)))
}
