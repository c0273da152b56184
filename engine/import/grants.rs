//! What other programs let a model do: tools, and programs behind a shell.

use serde_json::json;

use crate::import::draft::Parts;
use crate::import::reasons::of;

/// Tools by the words of other programs.
const TOOLS: &str = include_str!("tools.txt");

/// Programs that a tool does as well.
const PROGRAMS: &str = include_str!("programs.txt");

/// What only a shell understands.
const SHELL: &str = "|&;<>$`(){}[]*?~#!\n";

impl Parts {
    /// Grants the tool that another program calls `word`, such as `Read` or `Bash(git log:*)`.
    pub(super) fn grant(&mut self, word: &str, line: u32) {
        let (name, inside) = match word.split_once('(') {
            Some((name, rest)) => (name, Some(rest.trim_end_matches(')'))),
            None => (word, None),
        };
        let what = format!("`{word}`");
        if name.eq_ignore_ascii_case("bash") {
            return self.allow(inside.unwrap_or("*"), line);
        }
        match of(TOOLS, name) {
            Some(reason) if reason.starts_with("- ") => self.leave(line, what, &reason[2..]),
            Some(tool) => {
                self.power(tool, line);
                if inside.is_some() {
                    self.leave(line, what, "the tool is granted without what narrows it");
                }
            }
            None => self.leave(line, what, "there is no such tool"),
        }
    }

    /// Declares a program that another one lets a model run, such as `npm test` or `git log:*`.
    pub(super) fn allow(&mut self, pattern: &str, line: u32) {
        let pattern = pattern.trim();
        let fixed = pattern.trim_end_matches('*').trim_end_matches([':', ' ']);
        let open = fixed.len() < pattern.len();
        let what = format!("the command `{pattern}`");
        let words = shlex::split(fixed).unwrap_or_default();
        let Some(program) = words.first() else {
            let why = "no stage runs whatever it likes; declare each program in `commands:` and grant \
                       it as `run(NAME)`";
            return self.leave(line, format!("any command (`{pattern}`)"), why);
        };
        if of(PROGRAMS, program).is_some() {
            return;
        }
        if unquoted(fixed).contains(|letter| SHELL.contains(letter)) {
            return self.leave(line, what, "only a shell understands it, and there is none");
        }
        if words.iter().any(|word| word.starts_with("scripts/") || word.starts_with("./scripts/")) {
            return self.leave(
                line,
                what,
                "its script stands beside the original, not in the project",
            );
        }
        if open && words.len() == 1 {
            let why = format!("declare what `{program}` is to do, word for word, in `commands:`");
            return self.leave(line, what, &why);
        }
        let spoken = words.iter().filter(|word| !word.starts_with('-')).take(3);
        let spoken: Vec<&str> = spoken.map(String::as_str).collect();
        let name = self.command_names.give(&spoken.join(" "), "command");
        if open {
            let why =
                format!("the words behind it are free there; name them in `args:` of `{name}`");
            self.leave(line, what, &why);
        }
        self.commands.insert(name.clone(), json!({ "run": words }));
        self.power(&format!("run({name})"), line);
    }

    /// Declares a program for a check, or says why it cannot be one.
    pub(super) fn check(&mut self, command: &str, timeout: Option<&str>, line: u32) -> bool {
        let words = shlex::split(command).unwrap_or_default();
        if let [program, flag, file] = &words[..]
            && (program.as_str(), flag.as_str()) == ("test", "-f")
            && !file.starts_with('/')
            && !file.contains(|letter| SHELL.contains(letter))
        {
            self.checks.push(json!({ "file": file }));
            return true;
        }
        let what = format!("the check `{}`", command.trim());
        if words.is_empty() || unquoted(command.trim()).contains(|it| SHELL.contains(it)) {
            self.leave(line, what, "only a shell understands it, and there is none");
            return false;
        }
        let name = self.command_names.give("check", "check");
        let mut declared = json!({ "run": words });
        if let Some(timeout) = timeout {
            declared["timeout"] = json!(timeout);
        }
        self.commands.insert(name.clone(), declared);
        self.checks.push(json!({ "run": name }));
        true
    }
}

/// Returns a line without what stands in quotes.
fn unquoted(line: &str) -> String {
    let mut open = None;
    let outside = line.chars().filter(|letter| match (open, letter) {
        (Some(quote), letter) => {
            if quote == *letter {
                open = None;
            }
            // A shell reads some signs in double quotes too.
            quote == '"' && matches!(letter, '$' | '`')
        }
        (None, '\'' | '"') => {
            open = Some(*letter);
            false
        }
        (None, _) => true,
    });
    outside.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the powers, the commands and the notes that words of another program come to.
    fn granted(words: &[&str]) -> (Vec<String>, String, Vec<String>) {
        let mut parts = Parts::new("x", "SKILL.md", "");
        words.iter().for_each(|word| parts.grant(word, 1));
        let notes = parts.notes.iter().map(|note| note.what.clone()).collect();
        (parts.powers.clone(), serde_json::to_string(&parts.commands).unwrap(), notes)
    }

    #[test]
    fn tools_have_the_names_of_ours() {
        let (powers, commands, notes) = granted(&[
            "Read",
            "Write",
            "MultiEdit",
            "Edit",
            "LS",
            "WebFetch",
            "mcp__a__b",
            "Read(src/**)",
        ]);
        assert_eq!(powers, ["write", "edit"]);
        assert_eq!(commands, "{}");
        assert_eq!(notes, ["`WebFetch`", "`mcp__a__b`", "`Read(src/**)`"]);
    }

    #[test]
    fn a_plain_program_is_a_command_and_anything_else_is_said() {
        let (powers, commands, notes) = granted(&[
            "Bash(npm test)",
            "Bash(git log:*)",
            "Bash(cat:*)",
            "Bash(find . -name '*.md')",
            "Bash(say 'a | b')",
        ]);
        assert_eq!(powers, ["run(npm_test)", "run(git_log)", "run(say_a_b)"]);
        assert_eq!(
            commands,
            r#"{"npm_test":{"run":["npm","test"]},"git_log":{"run":["git","log"]},"say_a_b":{"run":["say","a | b"]}}"#
        );
        assert_eq!(notes, ["the command `git log:*`"]);
        for word in [
            "Bash",
            "Bash(*)",
            "Bash(git:*)",
            "Bash(a | b)",
            "Bash(echo \"$X\")",
            "Bash($ROOT/x.sh)",
            "Bash(python scripts/x.py)",
            "Bash(echo 'open)",
        ] {
            let (powers, commands, notes) = granted(&[word]);
            assert_eq!((powers.len(), commands.as_str(), notes.len()), (0, "{}", 1), "{word}");
        }
    }
}
