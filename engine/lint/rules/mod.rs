//! The rules, by name.

mod ambiguous_reference;
mod ambiguous_text;
mod bad_airplane;
mod bad_fork;
mod bare_airplane;
mod broken_example;
mod broken_link;
mod byte_order_mark;
mod closed_write;
mod constant_when;
mod contradiction;
mod costly_items;
mod cut_value;
mod cyclic_needs;
mod dangling_need;
mod destructive_command;
mod duplicate_grant;
mod empty_key;
mod empty_section;
mod exposed_secret;
mod fetched_program;
mod foreign_ecosystem;
mod foreign_language;
mod foreign_tool;
mod hidden_prose;
mod hostile_command;
mod html_doc;
mod impossible_check;
mod impossible_comparison;
mod included_front_matter;
mod incoherent_budget;
mod large_airplane;
mod late_approval;
mod later_stage;
mod literal_key;
mod literal_secret;
mod long_section;
mod loose_schema;
mod lost_memory;
mod machine_path;
mod maybe_none;
mod missing_anchor;
mod missing_baseline;
mod missing_env;
mod missing_license;
mod missing_program;
mod missing_server_tool;
mod missing_writes;
mod misspelt_code;
pub(super) mod model_doubt;
mod moved_doc;
mod name_mismatch;
mod no_budget;
mod open_env_file;
mod open_loop;
mod open_network;
mod optional_field;
mod outside_path;
mod overlapping_writes;
mod overriding_prose;
mod path_mismatch;
mod placeholder;
mod protected_write;
mod redundant_need;
mod refused_schema;
mod repeated_include;
mod repeated_prose;
mod repeated_reference;
mod shape_mismatch;
mod shared_power;
mod shell_command;
mod shell_syntax;
mod shouting;
mod too_many_stages;
mod type_mismatch;
mod unbounded_items;
mod unchecked_edit;
mod unclosed_fence;
mod undeclared_command;
mod undeclared_doc;
mod undefined_reference;
mod unfilled_argument;
mod ungranted_reference;
mod ungranted_tool;
mod unknown_airplane;
mod unknown_command;
mod unknown_env_key;
mod unknown_language;
mod unknown_reference;
mod unknown_server;
mod unknown_stage;
mod unknown_step;
mod unknown_tool;
mod unnarrowed_items;
mod unpinned_add;
mod unreachable_doc;
mod unreachable_server;
mod unread_output;
mod unreadable_doc;
mod unsafe_parallel;
mod unset_key;
mod unshown_file;
mod unused_airplane;
pub(super) mod unused_allow;
mod unused_argument;
mod unused_command;
mod unused_grant;
mod unused_input;
mod unwritable_items;
mod useless_retry;
mod useless_writes;
mod vague_prose;
mod value_conflict;
mod vendor_model;
mod version_conflict;
mod weak_check;
mod weak_description;
mod wide_argument;
mod wide_writes;

use crate::diagnostic::Level;
use crate::lint::rule::{Profile, Rule, page};

/// Every rule, in the order of their names.
pub const RULES: &[&Rule] = &[
    &ambiguous_reference::RULE,
    &ambiguous_text::RULE,
    &bad_airplane::RULE,
    &parsed("bad-expression", page!("bad-expression")),
    &bad_fork::RULE,
    &parsed("bad-pattern", page!("bad-pattern")),
    &parsed("bad-schema", page!("bad-schema")),
    &parsed("bad-yaml", page!("bad-yaml")),
    &bare_airplane::RULE,
    &broken_example::RULE,
    &broken_link::RULE,
    &byte_order_mark::RULE,
    &closed_write::RULE,
    &constant_when::RULE,
    &contradiction::RULE,
    &costly_items::RULE,
    &cut_value::RULE,
    &cyclic_needs::RULE,
    &dangling_need::RULE,
    &destructive_command::RULE,
    &duplicate_grant::RULE,
    &parsed("duplicate-section", page!("duplicate-section")),
    &empty_key::RULE,
    &empty_section::RULE,
    &exposed_secret::RULE,
    &fetched_program::RULE,
    &foreign_ecosystem::RULE,
    &parsed("foreign-key", page!("foreign-key")),
    &foreign_language::RULE,
    &foreign_tool::RULE,
    &hidden_prose::RULE,
    &hostile_command::RULE,
    &html_doc::RULE,
    &impossible_check::RULE,
    &impossible_comparison::RULE,
    &included_front_matter::RULE,
    &incoherent_budget::RULE,
    &large_airplane::RULE,
    &late_approval::RULE,
    &later_stage::RULE,
    &literal_key::RULE,
    &literal_secret::RULE,
    &long_section::RULE,
    &loose_schema::RULE,
    &lost_memory::RULE,
    &machine_path::RULE,
    &maybe_none::RULE,
    &parsed("misplaced-template", page!("misplaced-template")),
    &missing_anchor::RULE,
    &missing_baseline::RULE,
    &missing_env::RULE,
    &parsed("missing-file", page!("missing-file")),
    &parsed("missing-key", page!("missing-key")),
    &missing_license::RULE,
    &missing_program::RULE,
    &parsed("missing-section", page!("missing-section")),
    &missing_server_tool::RULE,
    &missing_writes::RULE,
    &misspelt_code::RULE,
    &model_doubt::RULE,
    &moved_doc::RULE,
    &name_mismatch::RULE,
    &no_budget::RULE,
    &parsed("no-front-matter", page!("no-front-matter")),
    &open_env_file::RULE,
    &open_loop::RULE,
    &open_network::RULE,
    &optional_field::RULE,
    &outside_path::RULE,
    &overlapping_writes::RULE,
    &overriding_prose::RULE,
    &path_mismatch::RULE,
    &placeholder::RULE,
    &protected_write::RULE,
    &redundant_need::RULE,
    &refused_schema::RULE,
    &repeated_include::RULE,
    &repeated_prose::RULE,
    &repeated_reference::RULE,
    &parsed("section-order", page!("section-order")),
    &shape_mismatch::RULE,
    &shared_power::RULE,
    &shell_command::RULE,
    &shell_syntax::RULE,
    &shouting::RULE,
    &parsed("stray-section", page!("stray-section")),
    &too_many_stages::RULE,
    &type_mismatch::RULE,
    &unbounded_items::RULE,
    &unchecked_edit::RULE,
    &unclosed_fence::RULE,
    &undeclared_command::RULE,
    &undeclared_doc::RULE,
    &undefined_reference::RULE,
    &unfilled_argument::RULE,
    &ungranted_reference::RULE,
    &ungranted_tool::RULE,
    &unknown_airplane::RULE,
    &unknown_command::RULE,
    &unknown_env_key::RULE,
    &parsed("unknown-key", page!("unknown-key")),
    &unknown_language::RULE,
    &unknown_reference::RULE,
    &unknown_server::RULE,
    &unknown_stage::RULE,
    &unknown_step::RULE,
    &unknown_tool::RULE,
    &unnarrowed_items::RULE,
    &unpinned_add::RULE,
    &unreachable_doc::RULE,
    &unreachable_server::RULE,
    &unread_output::RULE,
    &unreadable_doc::RULE,
    &unsafe_parallel::RULE,
    &unset_key::RULE,
    &unshown_file::RULE,
    &unused_airplane::RULE,
    &unused_allow::RULE,
    &unused_argument::RULE,
    &unused_command::RULE,
    &unused_grant::RULE,
    &unused_input::RULE,
    &unwritable_items::RULE,
    &useless_retry::RULE,
    &useless_writes::RULE,
    &vague_prose::RULE,
    &value_conflict::RULE,
    &vendor_model::RULE,
    &version_conflict::RULE,
    &weak_check::RULE,
    &weak_description::RULE,
    &wide_argument::RULE,
    &wide_writes::RULE,
    &parsed("wrong-type", page!("wrong-type")),
    &parsed("wrong-value", page!("wrong-value")),
];

/// Returns the rule of this name.
pub fn find(name: &str) -> Option<&'static Rule> {
    let found = RULES.binary_search_by(|rule| rule.name.cmp(name)).ok();
    found.map(|index| RULES[index])
}

/// A rule whose findings parsing reports.
const fn parsed(name: &'static str, page: &'static str) -> Rule {
    Rule { name, level: Level::Error, profile: Profile::Min, page, diagnose: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stand_in_the_order_of_their_names() {
        assert!(RULES.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn every_page_begins_with_its_rules_name() {
        for rule in RULES {
            let title = format!("# {}\n", rule.name);
            assert!(rule.page.starts_with(&title), "{}", rule.name);
        }
    }
}
