//! An address that may be fetched has a host that is listed, as a rule of three lines reads it too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wizard::reference::address::listed;

const HOSTS: [&str; 3] = ["docs.example.com", "a.example", "xn--bcher-kva.example"];

fuzz_target!(|text: &str| {
    let texts = [text.to_owned(), format!("https://{text}"), format!("https://a.example{text}")];
    for text in texts {
        let Ok(host) = listed(&text, &HOSTS) else { continue };
        let (scheme, rest) = text.split_once("://").unwrap();
        let named = rest.split(['/', '?', '#', '\\', '@']).next().unwrap();
        let named = named.strip_suffix(":443").unwrap_or(named).trim_end_matches(':').to_lowercase();
        assert!(scheme.eq_ignore_ascii_case("https"), "{text}");
        assert!(HOSTS.contains(&named.as_str()) && named == host, "{text}: {named}, {host}");
    }
});
