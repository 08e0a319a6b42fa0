//! Who may do what, as the business wrote it: against the service's table, and against the service.

use crate::{Served, answer};
use chassis::auth::{Access, Role};
use reqwest::Method;

/// A table of access as the business wrote it.
pub struct WhoMay {
    /// What stands for each role of the service.
    pub letters: &'static [(char, Role)],
    /// Method, route template, and the letters of whom it lets in, in the table's order.
    pub rows: &'static [(&'static str, &'static str, &'static str)],
    /// An example for each placeholder: `("{id}", "1")`.
    pub examples: &'static [(&'static str, &'static str)],
}

impl WhoMay {
    /// Fails unless the service's table says this, row by row.
    pub fn is_the_table(&self, table: &[Access]) {
        let table: Vec<_> = table
            .iter()
            .map(|access| {
                let letters: String = access.roles.iter().map(|role| self.letter(*role)).collect();
                (access.method.to_string(), access.route, letters)
            })
            .collect();
        let written: Vec<_> = self
            .rows
            .iter()
            .map(|(method, route, roles)| ((*method).to_owned(), *route, (*roles).to_owned()))
            .collect();

        assert_eq!(table, written);
    }

    /// Fails unless every endpoint lets in whom this names and nobody else, asked through HTTP.
    pub async fn is_what_it_does(&self, served: &Served) {
        for (method, route, roles) in self.rows {
            let method: Method = method.parse().expect("a method");
            let path = self.example(route);
            for role in served.service.roles {
                let answered = answer(served.caller(*role).request(method.clone(), &path)).await;

                let is_let_in = !matches!(answered.status, 401 | 403);
                let may = roles.contains(self.letter(*role));
                assert_eq!(is_let_in, may, "{method} {route} as {role:?}: {answered:?}");
                if !is_let_in {
                    assert_eq!(answered.problem(), (403, "forbidden".into()));
                }
                assert!(answered.status < 500, "{answered:?}");
            }
            for unknown in [served.nobody(), served.stranger()] {
                let refused = answer(unknown.request(method.clone(), &path)).await;

                assert_eq!(refused.problem(), (401, "unauthenticated".into()), "{method} {route}");
            }
        }
    }

    fn letter(&self, role: Role) -> char {
        let found = self.letters.iter().find(|(_, named)| *named == role);
        found.unwrap_or_else(|| panic!("a role without a letter: {role:?}")).0
    }

    fn example(&self, route: &str) -> String {
        let fill = |path: String, (name, value): &(&str, &str)| path.replace(name, value);
        let path = self.examples.iter().fold(route.to_owned(), fill);
        assert!(!path.contains('{'), "a placeholder without an example: {path}");
        path
    }
}
