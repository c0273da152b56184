//! `unclosed-fence`: a code block that nothing ends.

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "unclosed-fence",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("unclosed-fence"),
    diagnose: Some(diagnose),
};

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    for prose in subject.proses() {
        // Only the last block of a text can be open: it takes in all that follows.
        let Some(fence) = prose.fences.last() else { continue };
        let text = subject.text(fence.span);
        let mark = text.trim_start();
        let Some(letter) = mark.chars().next().filter(|letter| matches!(letter, '`' | '~')) else {
            continue;
        };
        let length = mark.len() - mark.trim_start_matches(letter).len();
        let last = text.trim_end().rsplit('\n').next().unwrap_or_default();
        let last = last.trim_start_matches(['>', ' ', '\t']).trim_end();
        let closes = last.len() >= length && last.chars().all(|next| next == letter);
        if !closes || !text.trim_end().contains('\n') {
            let start = text.len() - mark.len();
            report(
                RULE.at(fence.span.part(start, start + length), "this code block is never closed")
                    .label("all that follows is code to the model")
                    .help(format!("close it with a line `{}`", letter.to_string().repeat(length))),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::lint::sample::{finds, silent};

    #[test]
    fn a_block_that_nothing_ends_is_found() {
        finds(
            "unclosed-fence",
            &[
                ("Do so:\n\n```sh\nmake\n", "```"),
                ("Do so:\n\n~~~~\nmake\n~~~\n", "~~~~"),
                ("```\na\n```\n\nThen:\n\n```", "```"),
            ],
        );
    }

    #[test]
    fn a_block_that_is_closed_or_indented_is_left() {
        silent(
            "unclosed-fence",
            &[
                "```sh\nmake\n```",
                "~~~\na\n~~~~",
                "````md\n```sh\nmake\n```\n````",
                "    indented",
                "- item\n\n  ```sh\n  make\n  ```\n",
                "> ```sh\n> make\n> ```",
                "No block.",
                "```\n```",
            ],
        );
    }
}
