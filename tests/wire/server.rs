//! A server on loopback that answers just as a test tells it to.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use crate::support::http::{Asked, receive};

/// A request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// The request line and the headers, in lower case.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
}

/// A server that lives as long as the tests do.
pub(crate) struct Server {
    /// Where it is.
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Starts a server. `answer` is called for each request, with its number from 0, and may
    /// write what it likes; the connection is closed after it. Requests are answered side by side.
    pub(crate) fn start(answer: impl Fn(usize, &mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::serve(move |number, _, stream| answer(number, stream))
    }

    /// Starts a server that answers what it is asked.
    pub(crate) fn hearing(answer: impl Fn(&Asked, &mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::serve(move |_, asked, stream| answer(asked, stream))
    }

    fn serve(answer: impl Fn(usize, &Asked, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let noted = Arc::clone(&seen);
        let answer = Arc::new(answer);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let (noted, answer) = (Arc::clone(&noted), Arc::clone(&answer));
                let mut stream = stream.unwrap();
                std::thread::spawn(move || {
                    let asked = receive(&mut stream).unwrap_or_default();
                    let seen = Seen { head: asked.head.to_lowercase(), body: asked.body.clone() };
                    noted.lock().unwrap().push(seen);
                    answer(number, &asked, &mut stream);
                });
            }
        });
        Server { url, seen }
    }

    /// Starts a server that gives these answers, one a request, and the last for ever.
    pub(crate) fn answering(answers: Vec<Vec<u8>>) -> Self {
        Self::start(move |number, stream| {
            let answer = answers.get(number).or(answers.last()).unwrap();
            // Whoever asked may be gone already.
            drop(stream.write_all(answer));
        })
    }

    /// Returns what arrived so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

/// An answer that streams these bytes and ends when the connection does.
pub(crate) fn stream(bytes: &[u8]) -> Vec<u8> {
    let mut answer = STREAM.to_vec();
    answer.extend_from_slice(b"connection: close\r\n\r\n");
    answer.extend_from_slice(bytes);
    answer
}

/// An answer that streams these bytes in a chunk and says whether more would come.
pub(crate) fn chunked(bytes: &[u8], whole: bool) -> Vec<u8> {
    let mut answer = STREAM.to_vec();
    answer.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
    if !bytes.is_empty() {
        answer.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
        answer.extend_from_slice(bytes);
        answer.extend_from_slice(b"\r\n");
    }
    if whole {
        answer.extend_from_slice(b"0\r\n\r\n");
    }
    answer
}

/// The head of an answer that streams.
const STREAM: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
