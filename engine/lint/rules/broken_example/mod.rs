//! `broken-example`: an airplane that does what the prose forbids.

mod forbidden;
mod role;

use crate::diagnostic::Level;
use crate::lint::Subject;
use crate::lint::rule::{Profile, Report, Rule, page};

pub(super) const RULE: Rule = Rule {
    name: "broken-example",
    level: Level::Warning,
    profile: Profile::Default,
    page: page!("broken-example"),
    diagnose: Some(diagnose),
};

/// What a person can do about it.
const HELP: &str =
    "models follow the example before the sentence: mend the airplane, or say when it is right";

fn diagnose(subject: &Subject<'_>, report: Report<'_>) {
    if subject.airplanes().is_empty() {
        return;
    }
    forbidden::diagnose(subject, report);
    role::diagnose(subject, report);
}

/// Words that open a condition: what is said after them holds at times only.
const CONDITIONS: &str = "if when where in on under inside within at for before after until \
                     while with during once since outside between from unless except \
                     whenever";

/// Words that take something back.
const EXCEPTIONS: &str = "except exception unless only but besides outside apart";
