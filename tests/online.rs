//! What hosts are asked for lint, and what is made of their answers.

use std::time::{Duration, Instant};

use wizard::diagnostic::concise;
use wizard::lint::answers::{Answers, Lost, Silent};
use wizard::lint::{Known, Profile, check};
use wizard::online::{self, Hosts as Way};
use wizard::playbook::{Playbook, load_text, parse};

use crate::support::hosts::Hosts;
use crate::support::tools::{Era, ToolServer};

const HEAD: &str = "---\nplaybook: 1\nname: basket\ndescription: Adds a basket.\n";
const TAIL: &str = "stages:\n  build:\n---\n\n## build\n\nBuild it.\n";
const MARKDOWN: &str = "HTTP/1.1 200 OK\nContent-Type: text/markdown\n\n# SDK\n\n## Set up\n";
const SHOP: &str = "https://mcp.example.com/mcp";

fn playbook(keys: &str) -> Playbook {
    let (playbook, faults) = parse(&load_text("basket.md", &format!("{HEAD}{keys}{TAIL}")));
    assert_eq!(faults, []);
    playbook
}

/// Asks the hosts of playbooks, which have a second each.
async fn asked(playbooks: &[Playbook], hosts: &Hosts) -> Answers {
    let way = Way::new().stand_in(hosts.address).timeout(Duration::from_secs(1));
    online::ask(&playbooks.iter().collect::<Vec<_>>(), &way).await
}

/// Asks a server of tools.
async fn tools(server: ToolServer) -> Result<Vec<String>, Silent> {
    let hosts = Hosts::start();
    hosts.tools(SHOP, server);
    let keys = format!("mcp: {{shop: {{url: \"{SHOP}\"}}}}\ntools: [mcp(shop/list)]\n");
    asked(&[playbook(&keys)], &hosts).await.servers.remove(SHOP).unwrap()
}

#[tokio::test]
async fn a_server_lists_its_tools_in_either_era_and_either_form() {
    let names = ["list", "search", "add", "remove", "pay"];
    for era in [Era::Session, Era::Modern] {
        for streams in [false, true] {
            let listed = tools(ToolServer::new(era, streams, &names)).await;
            assert_eq!(listed.unwrap(), names, "{era:?}, streams: {streams}");
        }
    }
    assert_eq!(tools(ToolServer::new(Era::Modern, false, &[])).await.unwrap(), [""; 0]);
}

#[tokio::test]
async fn a_server_that_cannot_be_asked_says_why() {
    let reason = |silent: Result<Vec<String>, Silent>| match silent.unwrap_err() {
        Silent::Locked(reason) => format!("locked: {reason}"),
        Silent::Unreached(reason) => reason,
    };
    let locked = tools(ToolServer::new(Era::Locked, false, &[])).await;
    assert_eq!(reason(locked), "locked: it answers 401 Unauthorized");
    let later = tools(ToolServer::new(Era::Later, false, &[])).await;
    assert_eq!(reason(later), "it speaks revisions unknown here: 2028-01-01");
}

#[tokio::test]
async fn what_is_no_server_of_tools_is_told_from_one() {
    let cases = [
        (MARKDOWN, "it does not answer as a server of tools does"),
        ("HTTP/1.1 503 Service Unavailable\n\n", "it answers 503 Service Unavailable"),
        ("HTTP/1.1 301 Moved Permanently\nLocation: /v2\n\n", "it redirects to `/v2`"),
        (
            "HTTP/1.1 200 OK\nContent-Type: application/json\n\n{\"error\":{\"message\":\"a\\nb\\u001b[31m\"}}",
            "it says `a b`",
        ),
        ("silence", "it has not answered within 1s"),
    ];
    let keys = format!("mcp: {{shop: {{url: \"{SHOP}\"}}}}\ntools: [mcp(shop/list)]\n");
    for (answer, wanted) in cases {
        let hosts = Hosts::start();
        hosts.page("https://mcp.example.com/mcp", answer);
        let mut answers = asked(&[playbook(&keys)], &hosts).await;
        let silent = answers.servers.remove(SHOP).unwrap();
        assert_eq!(silent, Err(Silent::Unreached(wanted.to_owned())), "{answer}");
    }
}

#[tokio::test]
async fn only_a_server_of_this_machine_that_the_playbook_names_is_asked_there() {
    let hosts = Hosts::start();
    let own = format!("http://{}/mcp", hosts.address);
    hosts.tools(&own, ToolServer::new(Era::Modern, false, &["list"]));
    let keys = format!("mcp: {{shop: {{url: \"{own}\"}}}}\ntools: [mcp(shop/list)]\n");
    let playbook = playbook(&keys);
    let answers = online::ask(&[&playbook], &Way::new()).await;
    assert_eq!(answers.servers[&own], Ok(vec!["list".to_owned()]));
    let unused = playbook_without_grant(&own);
    assert_eq!(online::ask(&[&unused], &Way::new()).await.servers.len(), 0);
}

fn playbook_without_grant(url: &str) -> Playbook {
    playbook(&format!("mcp: {{shop: {{url: \"{url}\"}}}}\n"))
}

#[tokio::test]
async fn an_address_is_asked_once_for_all_playbooks_and_some_at_a_time() {
    let hosts = Hosts::start();
    let docs: String = (0..20)
        .map(|number| {
            hosts.page(&format!("https://docs.example.com/{number}.md"), MARKDOWN);
            format!("  d{number}: {{url: \"https://docs.example.com/{number}.md#set-up\"}}\n")
        })
        .collect();
    let keys = format!("docs:\n{docs}");
    let answers = asked(&[playbook(&keys), playbook(&keys)], &hosts).await;
    assert_eq!((answers.pages.len(), hosts.asked().len()), (20, 20));
    assert!(answers.pages.values().all(Result::is_ok));
    assert!((2..=8).contains(&hosts.most_at_once()), "{}", hosts.most_at_once());
}

#[tokio::test]
async fn a_host_that_is_silent_keeps_nobody_else_waiting() {
    let hosts = Hosts::start();
    hosts.page("https://slow.example.com/a.md", "silence");
    hosts.page("https://docs.example.com/a.md", MARKDOWN);
    let keys = "docs:\n  slow: {url: \"https://slow.example.com/a.md\"}\n  fast: {url: \
                \"https://docs.example.com/a.md\"}\n";
    let began = Instant::now();
    let answers = asked(&[playbook(keys)], &hosts).await;
    assert!(began.elapsed() < Duration::from_secs(4));
    let slow = answers.pages["https://slow.example.com/a.md"].clone().unwrap_err();
    assert_eq!(slow, Lost::Unreached("the host has not answered within 1s".to_owned()));
    assert!(answers.pages["https://docs.example.com/a.md"].is_ok());
}

#[tokio::test]
async fn an_address_that_needs_a_play_is_left_out() {
    let hosts = Hosts::start();
    hosts.page("https://docs.example.com/en/a.md", MARKDOWN);
    let keys = "inputs: {language: {default: en}, version: {}}\ndocs:\n  guide: {url: \
                \"https://docs.example.com/${{ inputs.language }}/a.md\"}\n  api: {url: \
                \"https://docs.example.com/${{ inputs.version }}/a.md\"}\n  own: {url: \
                \"https://docs.example.com/${{ project.name }}.md\"}\n";
    let playbook = playbook(keys);
    let left_out: Vec<String> =
        online::left_out(&playbook).into_iter().map(|(doc, _)| doc).collect();
    assert_eq!(left_out, ["api", "own"]);
    let answers = asked(&[playbook], &hosts).await;
    assert_eq!(hosts.asked(), ["docs.example.com/en/a.md"]);
    assert_eq!(answers.pages.len(), 1);
}

#[test]
fn rules_of_hosts_are_silent_when_none_was_asked() {
    let keys = "tools: [reference]\ndocs: {sdk: {url: \"https://docs.example.com/a.md#gone\"}}\nlint:\n  allow:\n    - \
                {rule: moved-doc, reason: the owner wants it so}\n    - {rule: model-doubt, \
                reason: we know}\n";
    let bundle = load_text("basket.md", &format!("{HEAD}{keys}{TAIL}"));
    let known = wizard::tools::known();
    let found = |known: &Known| -> Vec<String> {
        let (_, found) = check(&bundle, known, Profile::Default);
        found.iter().map(|finding| concise::render(finding, &bundle.files)).collect()
    };
    assert_eq!(found(&known), [""; 0]);
    let known = Known { answers: Some(Answers::default().into()), ..known };
    let found = found(&known);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("unused-allow]: `moved-doc` finds nothing"), "{found:?}");
}
