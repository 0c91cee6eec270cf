//! What of a request must be known to bring its reply back to the client: which tools
//! are custom, and which names had to be made up for a dialect without namespaces.

use std::collections::HashMap;

use crate::prompt::{Takes, Tool};

/// The tools of a request, by the names that the upstream knows them by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WayBack {
    tools: HashMap<String, Known>,
}

/// A tool as its client knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// Its namespace.
    pub namespace: Option<String>,
    /// Whether what it takes is text of any form.
    pub is_custom: bool,
}

impl WayBack {
    /// Of a request with these tools.
    pub fn of(tools: &[Tool]) -> Self {
        let known = tools.iter().map(|tool| {
            let known = Known {
                name: tool.name.clone(),
                namespace: tool.namespace.clone(),
                is_custom: matches!(tool.takes, Takes::Text { .. }),
            };
            (flat(tool.namespace.as_deref(), &tool.name), known)
        });
        Self {
            tools: known.collect(),
        }
    }

    /// The tool that the upstream calls by this name; `None` for one that the request
    /// did not have.
    pub fn tool(&self, flat: &str) -> Option<&Known> {
        self.tools.get(flat)
    }
}

/// The name of a tool for a dialect without namespaces: both parts joined, as MCP
/// clients do, and of what is too long the end replaced by a hash of it all.
///
/// OpenAI's API takes names of up to 64 characters, Anthropic's of up to 128.
pub fn flat(namespace: Option<&str>, name: &str) -> String {
    const MOST: usize = 64;
    let joined = match namespace {
        Some(namespace) => format!("{namespace}__{name}"),
        None => name.to_owned(),
    };
    if joined.len() <= MOST {
        return joined;
    }
    let hash = format!("_{:016x}", fnv(joined.as_bytes()));
    let end = joined.floor_char_boundary(MOST - hash.len());
    format!("{}{hash}", &joined[..end])
}

/// FNV-1a: the same in every build, as prompt caches want it.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tool(namespace: Option<&str>, name: &str, is_custom: bool) -> Tool {
        Tool {
            name: name.to_owned(),
            namespace: namespace.map(str::to_owned),
            description: None,
            takes: match is_custom {
                true => Takes::Text { format: None },
                false => Takes::Json {
                    schema: None,
                    strict: None,
                },
            },
            cache: false,
        }
    }

    #[test]
    fn a_tool_is_found_by_its_flat_name() {
        let way = WayBack::of(&[
            tool(Some("mcp__files"), "read", false),
            tool(None, "patch", true),
        ]);
        let read = way.tool("mcp__files__read").unwrap();
        assert_eq!(
            (&*read.name, read.namespace.as_deref()),
            ("read", Some("mcp__files"))
        );
        assert!(way.tool("patch").unwrap().is_custom);
        assert_eq!(way.tool("read"), None);
    }

    proptest! {
        #[test]
        fn a_flat_name_fits_and_differs_where_names_do(
            namespace in "\\PC{1,60}", name in "[a-z]{1,60}", other in "[a-z]{1,60}",
        ) {
            let one = flat(Some(&namespace), &name);
            prop_assert!(one.len() <= 64);
            prop_assert_eq!(one == flat(Some(&namespace), &other), name == other);
            prop_assert_eq!(flat(None, &name), name);
        }
    }
}
