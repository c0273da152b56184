//! Rows about fetching: hosts that are not the ones named, addresses that lead inside.

use std::net::IpAddr;

use serde_json::Value;
use wizard::reference::address::{is_public, listed};

use super::{Row, Tally, rows};

/// The hosts that the playbook of the rows names.
const HOSTS: [&str; 2] = ["posthog.com", "docs.example.com"];

/// Says why a row is denied, if it is: its address, where it redirects to, or where its name leads.
fn denied(row: &Row) -> Option<String> {
    let url = row.input["url"].as_str().unwrap();
    if let Err(reason) = listed(url, &HOSTS) {
        return Some(reason);
    }
    let setup = row.input.as_object().unwrap().iter().filter(|(key, _)| key.starts_with('_'));
    setup.flat_map(|(_, value)| texts(value)).find_map(|text| {
        if let Ok(address) = text.parse::<IpAddr>() {
            return (!is_public(address)).then(|| format!("{address} is private"));
        }
        // A redirect stays on its host.
        let host = listed(url, &HOSTS).unwrap();
        let leads = text.contains("://").then(|| listed(&text, &[&host]));
        leads.and_then(Result::err)
    })
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn only_listed_hosts_are_asked() {
    let mut tally = Tally::default();
    for row in rows("ssrf") {
        let denied = denied(&row);
        let wrong = match (row.expected.as_str(), denied) {
            ("deny", None) => Some("it is fetched".to_owned()),
            ("deny", Some(_)) | (_, None) => None,
            (_, Some(reason)) => Some(format!("it is refused: {reason}")),
        };
        tally.count(&row, wrong);
    }
    tally.end("ssrf");
}
