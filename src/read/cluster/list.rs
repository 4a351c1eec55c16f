//! Lists a page at a time. A list that expires half way is read again from its beginning, and nothing of the first reading is kept.

use super::{
    Progress,
    client::{Failure, Form, Server},
    resource::encoded,
};
use crate::yaml::Node;

/// No cluster has as many pages; a server that goes round in circles is found out.
const PAGES: usize = 100_000;

/// What is listed.
#[derive(Clone, Copy)]
pub(super) struct List<'a> {
    pub(super) path: &'a str,
    /// More of the query, such as `labelSelector=…`, encoded.
    pub(super) query: &'a str,
    pub(super) form: Form,
    pub(super) page: u32,
    /// For the progress line.
    pub(super) kind: &'a str,
}

/// Collects the items of all pages. `take` gets the whole page beside each item, because a table has its header there.
pub(super) async fn collect<T: Default>(
    server: &Server,
    list: List<'_>,
    progress: &mut dyn FnMut(Progress<'_>),
    mut take: impl FnMut(&mut T, &Node, &Node),
) -> Result<T, Failure> {
    let mut restarts = 0;
    'beginning: loop {
        let mut collected = T::default();
        let mut objects = 0;
        let mut token = String::new();
        for _ in 0..PAGES {
            progress(Progress { kind: list.kind, objects });
            let page = match server.get(&address(list, &token), list.form).await {
                Ok(page) => page,
                Err(Failure::Expired) if restarts < server.patience().restarts => {
                    restarts += 1;
                    continue 'beginning;
                }
                Err(Failure::Expired) => {
                    return Err(Failure::Broken(format!("the list expired {} times before its end was reached", restarts + 1)));
                }
                Err(failure) => return Err(failure),
            };
            let items = page.get(if list.form == Form::Columns { "rows" } else { "items" }).map_or(&[][..], Node::items);
            for item in items {
                take(&mut collected, &page, item);
            }
            objects += items.len();
            page.get("metadata").and_then(|meta| meta.get("continue")?.as_text()).unwrap_or("").clone_into(&mut token);
            if token.is_empty() {
                progress(Progress { kind: list.kind, objects });
                return Ok(collected);
            }
        }
        return Err(Failure::Broken("the list has no end".to_owned()));
    }
}

fn address(list: List<'_>, token: &str) -> String {
    let mut address = format!("{}?limit={}", list.path, list.page);
    if !list.query.is_empty() {
        address.push('&');
        address.push_str(list.query);
    }
    if !token.is_empty() {
        address.push_str("&continue=");
        address.push_str(&encoded(token));
    }
    address
}
