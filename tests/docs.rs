//! Docs from hosts that answer, confirm, refuse, lead away, send much, or say nothing.

use std::time::Duration;

use serde_json::json;
use wizard::playbook::{load_text, parse};
use wizard::redact::Redactor;
use wizard::reference::{
    Document, Fetch, GatherError, Gathered, How, HttpFetch, Reach, Sources, Store, documents,
    gather,
};

use crate::support::hosts::Hosts;

const URL: &str = "https://docs.example.com/kit";

/// One doc, asked for from one host, with a store that may hold it from before.
struct Case {
    hosts: Hosts,
    folder: tempfile::TempDir,
    keys: &'static str,
    reach: Reach,
    patience: Duration,
}

impl Case {
    fn new(answer: &str) -> Self {
        let hosts = Hosts::start();
        hosts.page(URL, answer);
        let folder = tempfile::tempdir().unwrap();
        let patience = Duration::from_secs(20);
        Case { hosts, folder, keys: "", reach: Reach::Online, patience }
    }

    /// With what the host answered before, which is stored.
    async fn after(answer: &str, now: &str) -> Self {
        let case = Case::new(answer);
        case.ask().await.got.unwrap();
        case.hosts.page(URL, now);
        case
    }

    fn fetch(&self) -> HttpFetch {
        HttpFetch::new().stand_in(self.hosts.address).timeout(self.patience)
    }

    async fn ask(&self) -> Document {
        let (playbook, _) = parse(&load_text("p.md", &self.text()));
        let (fetch, store) = (self.fetch(), Store::new(self.folder.path()));
        let redactor = Redactor::default();
        let sources = self.sources(&fetch, &store, &redactor);
        documents(&playbook, &json!({}), sources).await.remove(0)
    }

    async fn gather(&self) -> Result<Gathered, GatherError> {
        let bundle = load_text("p.md", &self.text());
        let (playbook, _) = parse(&bundle);
        let (fetch, store) = (self.fetch(), Store::new(self.folder.path()));
        let redactor = Redactor::default();
        gather(&playbook, &bundle, &json!({}), self.sources(&fetch, &store, &redactor)).await
    }

    fn sources<'a>(
        &self,
        fetch: &'a dyn Fetch,
        store: &'a Store,
        redactor: &'a Redactor,
    ) -> Sources<'a> {
        // Long after everything that is stored.
        Sources { fetch, store, reach: self.reach, now: 9_999_999_999, redactor }
    }

    fn text(&self) -> String {
        let keys = self.keys;
        format!(
            "---\nplaybook: 1\nname: p\ndescription: d\ndocs:\n  kit: {{url: \"{URL}\"{keys}}}\n---\n"
        )
    }
}

fn markdown(body: &str) -> String {
    format!("HTTP/1.1 200 OK\nContent-Type: text/markdown\nETag: \"1\"\n\n{body}")
}

fn html(body: &str) -> String {
    format!("HTTP/1.1 200 OK\nContent-Type: text/html\n\n{body}")
}

/// What hosts do that have no doc, and how it is said.
const LOST: [(&str, &str); 3] = [
    ("HTTP/1.1 404 Not Found\nContent-Type: text/plain\n\nnothing", "answers 404 Not Found"),
    ("HTTP/1.1 302 Found\nLocation: https://evil.example.com/kit", "redirects to another host"),
    ("silence", "has not answered within 1.5s"),
];

#[tokio::test]
async fn what_a_host_sends_is_taken_and_confirmed_by_its_tag() {
    let case = Case::after(&markdown("# Kit\n"), &markdown("# Kit\n")).await;
    let got = case.ask().await.got.unwrap();
    assert_eq!((got.text.as_str(), got.how), ("# Kit\n", How::Unchanged));
    case.hosts.page(URL, "HTTP/1.1 200 OK\nContent-Type: text/markdown\nETag: \"2\"\n\n# New\n");
    let got = case.ask().await.got.unwrap();
    assert_eq!((got.text.as_str(), got.how), ("# New\n", How::Fetched));
}

#[tokio::test]
async fn a_doc_that_is_lost_is_told_and_met_as_the_playbook_says() {
    for (answer, wanted) in LOST {
        let mut case = Case::after(&markdown("# Kit\n"), answer).await;
        case.patience = Duration::from_millis(1_500);
        let reason = case.ask().await.got.unwrap_err();
        assert!(reason.contains(wanted), "{reason}");
        let error = case.gather().await.unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
        case.keys = ", if_unreachable: stale";
        let gathered = case.gather().await.unwrap();
        assert_eq!(gathered.index.references[0].text, "# Kit\n");
        assert_eq!(gathered.index.references[0].fetched.as_ref().unwrap().how, How::Stale);
        case.keys = ", if_unreachable: ignore";
        assert_eq!(case.gather().await.unwrap().missing[0].name, "kit");
    }
}

#[tokio::test]
async fn two_megabytes_of_html_become_markdown_and_more_is_refused() {
    let row = "<tr><td>name</td><td><a href='/x'>a link to <code>x</code></a></td></tr>\n";
    let page = |bytes: usize| {
        let rows = row.repeat(bytes / row.len());
        html(&format!("<nav>Menu</nav><h1>Kit</h1><table>{rows}</table>"))
    };
    let got = Case::new(&page(2_000_000)).ask().await.got.unwrap();
    assert!(got.text.starts_with("# Kit\n"), "{}", &got.text[..100]);
    assert!(got.text.len() < 2_000_000 && !got.text.contains("Menu"));
    let reason = Case::new(&page(2_200_000)).ask().await.got.unwrap_err();
    assert!(reason.contains("larger than 2 MiB"), "{reason}");
}

#[tokio::test]
async fn a_web_page_is_taken_as_markdown_where_its_host_has_it() {
    let cases = [
        ("<h1>Kit</h1>", "https://docs.example.com/kit.md", ""),
        (
            "<link rel=alternate type=text/markdown href=\"/raw/kit.txt\"><h1>Kit</h1>",
            "https://docs.example.com/raw/kit.txt",
            "",
        ),
        ("<h1>Kit</h1>", "https://docs.example.com/kit.html.md", "- [Kit](/kit.html.md)\n"),
    ];
    for (page, at, list) in cases {
        let case = Case::new(&html(page));
        case.hosts.page(at, &markdown("# Kit, plainly\n"));
        if !list.is_empty() {
            case.hosts.page("https://docs.example.com/llms.txt", &markdown(list));
        }
        let got = case.ask().await.got.unwrap();
        assert_eq!(got.text, "# Kit, plainly\n", "{at}");
        // It is confirmed where it was found, and the web page is asked for no more.
        let before = case.hosts.asked().len();
        let got = case.ask().await.got.unwrap();
        assert_eq!((got.text.as_str(), got.how), ("# Kit, plainly\n", How::Unchanged));
        let asked = case.hosts.asked();
        assert_eq!(asked[before..], [at.trim_start_matches("https://")], "{at}");
        // Where it is gone, the web page is there still.
        case.hosts.page(at, "HTTP/1.1 404 Not Found\nContent-Type: text/plain\n\nnothing");
        assert_eq!(case.ask().await.got.unwrap().text, "# Kit\n", "{at}");
    }
}

#[tokio::test]
async fn offline_nobody_is_asked_and_what_is_stored_is_taken() {
    let mut case = Case::after(&markdown("# Kit\n"), "silence").await;
    let before = case.hosts.asked().len();
    case.reach = Reach::Offline;
    let got = case.ask().await.got.unwrap();
    assert_eq!((got.text.as_str(), got.how), ("# Kit\n", How::Stored));
    let error = case.gather().await.unwrap_err().to_string();
    assert!(error.contains("older than `max_age`"), "{error}");
    assert_eq!(case.hosts.asked().len(), before);
    let mut case = Case::new(&markdown("# Kit\n"));
    case.reach = Reach::Offline;
    assert!(case.ask().await.got.unwrap_err().contains("there is no stored copy"));
}
