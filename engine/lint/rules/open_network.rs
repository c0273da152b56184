//! `open-network`: hosts of a command that leave open where it goes.

use std::net::IpAddr;

use crate::diagnostic::{Diagnostic, Level};
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};
use crate::source::Spanned;

pub(super) const RULE: Rule = Rule {
    name: "open-network",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("open-network"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    let hosts = subject.playbook.commands.iter().flat_map(|command| &command.network);
    hosts.filter_map(|host| look(subject, host)).for_each(report);
}

fn look(subject: &Subject<'_>, host: &Spanned<String>) -> Option<Diagnostic> {
    let text = host.value.trim();
    let say = |message: String, help: &str| Some(RULE.at(host.span, message).help(help));
    let listed = "name the hosts that the program needs, one by one";
    if let Some((_, rest)) = text.split_once("://") {
        let bare = rest.split(['/', ':']).next().unwrap_or_default();
        let finding =
            RULE.at(host.span, format!("`{text}` is an address, and `network` has hosts"));
        return Some(finding.guess(subject.word(host.span, text), bare));
    }
    if text == "*" || text == "**" || text == "*.*" {
        return say(format!("`{text}` is every host there is"), listed);
    }
    if text.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        let message = format!("`{text}` does not say whose host it is");
        return say(
            message,
            "name the host: an address of the net may be somebody else's by tomorrow",
        );
    }
    let domain = text.trim_start_matches("*.").trim_start_matches('.');
    let wide = !domain.contains('.') && !domain.is_empty() && domain != "localhost";
    let letters = domain.chars().all(|it| it.is_ascii_alphabetic());
    // A bare word may be a host of the person's own net; below a `*` it is a whole domain.
    (wide && letters && (text.starts_with(['*', '.']) || domain.len() <= 3)).then(|| {
        RULE.at(host.span, format!("`{text}` is every host of a whole domain")).help(listed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::sample::{each, of_command};

    #[test]
    fn a_host_says_whose_it_is() {
        let found =
            |host: &str| of_command(&RULE, &format!("{{run: [make], network: ['{host}']}}")).len();
        each(
            &[
                "*",
                "*.com",
                "com",
                ".io",
                "10.0.0.1",
                "93.184.216.34",
                "::1",
                "https://a.de/b",
                "*.dev",
            ],
            1,
            found,
        );
        each(
            &["registry.example.com", "*.example.com", "localhost", "a.de", "database", "a.de:443"],
            0,
            found,
        );
    }
}
