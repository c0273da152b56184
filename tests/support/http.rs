//! Requests as they arrive at a server of a test, and answers as they leave it.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::TcpStream;

/// A request that arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// The request line and the headers, as they came.
    pub(crate) head: String,
    /// The method.
    pub(crate) method: String,
    /// The host and the path.
    pub(crate) address: String,
    /// The headers, their names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body.
    pub(crate) body: String,
}

/// Reads a request to its end; nothing where whoever asks goes away.
pub(crate) fn receive(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let asked = read(head, body);
            let length = asked.headers.get("content-length");
            if length.is_none_or(|length| body.len() >= length.parse::<usize>().unwrap()) {
                return Some(asked);
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return None,
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
        }
    }
}

fn read(head: &str, body: &str) -> Asked {
    let mut lines = head.lines();
    let mut first = lines.next().unwrap_or_default().split(' ');
    let method = first.next().unwrap_or_default().to_owned();
    let path = first.next().unwrap_or_default();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let host = headers.get("host").map_or("", String::as_str);
    let address = format!("{host}{path}");
    Asked { head: head.to_owned(), method, address, headers, body: body.to_owned() }
}

/// Makes an answer of its head, as lines, and its body.
pub(crate) fn whole(head: &str, body: &str) -> Vec<u8> {
    let head = head.replace('\n', "\r\n");
    let length = body.len();
    format!("{head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}
