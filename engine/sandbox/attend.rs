//! A server that is started where it is confined, asked for some of its pages there, and ended.

use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server has to begin to listen.
const START: Duration = Duration::from_mins(1);

/// How long a page may take.
const PAGE: Duration = Duration::from_secs(30);

/// How often it is looked whether a server listens.
const OFTEN: Duration = Duration::from_millis(50);

/// Starts a server, asks it at its port for each path, and ends it. Says of each path what the
/// server answered, and whether all is as it should be: a status below 400.
pub fn attend(port: u16, paths: &[String], argv: &[String]) -> (Vec<String>, bool) {
    let Some((program, arguments)) = argv.split_first() else {
        return (vec!["there is no command".to_owned()], false);
    };
    let mut server = match Command::new(program).args(arguments).stdin(Stdio::null()).spawn() {
        Ok(server) => server,
        Err(error) => return (vec![format!("cannot start `{program}`: {error}")], false),
    };
    let told = match listens(&mut server, port) {
        Ok(()) => ask(port, paths),
        Err(reason) => (vec![reason], false),
    };
    // What it started itself ends with its confinement.
    let _ = server.kill();
    let _ = server.wait();
    told
}

fn listens(server: &mut Child, port: u16) -> Result<(), String> {
    let begun = Instant::now();
    while connect(port).is_err() {
        if let Ok(Some(status)) = server.try_wait() {
            return Err(format!("it ended before it listened at {port}: {status}"));
        }
        if begun.elapsed() > START {
            return Err(format!("it does not listen at {port} within {} s", START.as_secs()));
        }
        std::thread::sleep(OFTEN);
    }
    Ok(())
}

fn ask(port: u16, paths: &[String]) -> (Vec<String>, bool) {
    let mut all = true;
    let told = paths.iter().map(|path| match status(port, path) {
        Ok(status) => {
            all &= (200..400).contains(&status);
            format!("{path} answers {status}")
        }
        Err(reason) => {
            all = false;
            format!("{path} does not answer: {reason}")
        }
    });
    (told.collect(), all)
}

fn status(port: u16, path: &str) -> Result<u16, String> {
    let read = || -> std::io::Result<String> {
        let mut stream = connect(port)?;
        stream.set_read_timeout(Some(PAGE))?;
        stream.set_write_timeout(Some(PAGE))?;
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes())?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line)?;
        Ok(line)
    };
    let line = read().map_err(|error| match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("it says nothing within {} s", PAGE.as_secs())
        }
        _ => error.to_string(),
    })?;
    let status = line.strip_prefix("HTTP/").and_then(|rest| rest.split(' ').nth(1));
    status
        .and_then(|status| status.trim().parse().ok())
        .ok_or_else(|| "what it answers is no HTTP".to_owned())
}

fn connect(port: u16) -> std::io::Result<TcpStream> {
    TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), PAGE)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// Answers at a port of its own while a program that does nothing stands for the server.
    fn served(answers: &'static [&'static str], paths: &[&str]) -> (Vec<String>, bool) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            // The first comes to see whether anybody listens.
            drop(listener.accept());
            for answer in answers {
                let (stream, _) = listener.accept().unwrap();
                let mut reader = BufReader::new(&stream);
                let mut line = String::new();
                while reader.read_line(&mut line).unwrap() > 2 {
                    line.clear();
                }
                (&stream).write_all(answer.as_bytes()).unwrap();
            }
        });
        attend(port, &words(paths), &words(&["sleep", "60"]))
    }

    #[cfg(unix)]
    #[test]
    fn a_server_is_asked_for_each_page() {
        let (told, all) =
            served(&["HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 307 Temporary\r\n\r\n"], &["/", "/old"]);
        assert_eq!((told, all), (words(&["/ answers 200", "/old answers 307"]), true));
        let (told, all) = served(&["HTTP/1.1 500 Oh\r\n\r\n", "hello\r\n"], &["/", "/x"]);
        let wanted = words(&["/ answers 500", "/x does not answer: what it answers is no HTTP"]);
        assert_eq!((told, all), (wanted, false));
    }

    #[cfg(unix)]
    #[test]
    fn a_server_that_ends_or_is_not_there_is_told() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (told, all) = attend(free, &words(&["/"]), &words(&["sh", "-c", "exit 3"]));
        assert!(!all && told[0].contains("ended before it listened"), "{told:?}");
        let (told, all) = attend(free, &words(&["/"]), &words(&["no-such-program"]));
        assert!(!all && told[0].starts_with("cannot start `no-such-program`"), "{told:?}");
    }
}
