//! A tool, and how its description and schema come from its input type.
