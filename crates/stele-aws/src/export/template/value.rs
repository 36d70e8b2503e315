//! Values in a template: texts with references become `Ref`, `Fn::GetAtt` or `Fn::Sub`.

use super::{Draft, attribute, entry, reference};
use crate::export::node::{Node, Piece, join, replace};
use crate::export::yaml::Doc;

impl Draft<'_, '_> {
    pub(super) fn node(&self, node: &Node) -> Doc {
        match node {
            Node::Null => Doc::text(""),
            Node::Bool(value) => Doc::Bool(*value),
            Node::Number(number) => Doc::Number(number.clone()),
            Node::Text(pieces) => self.text(pieces),
            Node::List(items) => Doc::List(items.iter().map(|item| self.node(item)).collect()),
            Node::Map(members) => Doc::Map(
                members.iter().map(|(name, value)| entry(name, self.node(value))).collect(),
            ),
            Node::Document(inner) => self.node(inner),
            Node::TextDocument(inner) => self.text(&inner.json_text()),
            Node::Set { base, value, .. } => match self.settings.get(&(*base, value.setting())) {
                Some(name) => reference(name),
                None => self.node(value),
            },
        }
    }

    /// A text, as `Ref`, `Fn::GetAtt` or `Fn::Sub` where it refers to something.
    fn text(&self, pieces: &[Piece]) -> Doc {
        let pieces = self.within(pieces);
        if let [Piece::Plain(text)] = pieces.as_slice() {
            return Doc::text(text.as_str());
        }
        if let [only] = pieces.as_slice() {
            return match self.place(only) {
                Some((id, "")) => reference(&id),
                Some((id, name)) => attribute(&id, name),
                None => Doc::text(only.plain()),
            };
        }
        let text: String = pieces
            .iter()
            .map(|piece| match self.place(piece) {
                Some((id, "")) => format!("${{{id}}}"),
                Some((id, name)) => format!("${{{id}.{name}}}"),
                None => piece.plain().replace("${", "${!"),
            })
            .collect();
        Doc::map([("Fn::Sub", Doc::text(text))])
    }

    /// The same text, where names of what is in another template are plain.
    fn within(&self, pieces: &[Piece]) -> Vec<Piece> {
        let stack = self.writer.stack;
        let mut all = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Name(other, text) if !self.members.contains(other) => {
                    let resource = &stack.resources[*other];
                    let mut rest = vec![Piece::Plain(text.clone())];
                    let account = self.writer.account;
                    replace(&mut rest, account, char::is_alphanumeric, &|| {
                        Piece::Account(account.to_owned())
                    });
                    replace(&mut rest, &resource.region, char::is_alphanumeric, &|| {
                        Piece::Region(resource.region.clone())
                    });
                    all.extend(rest);
                }
                piece => all.push(piece.clone()),
            }
        }
        join(all)
    }

    /// What a piece refers to: a name, and an attribute of it.
    fn place(&self, piece: &Piece) -> Option<(String, &'static str)> {
        let stack = self.writer.stack;
        let id = |index: usize| stack.resources[index].id.clone();
        match piece {
            Piece::Plain(_) => None,
            Piece::Name(index, _) => Some((id(*index), stack.resources[*index].kind.named_by)),
            Piece::Of(index, attribute) => Some((id(*index), attribute)),
            Piece::Made(n, path) => {
                stack.attribute(*n, path).map(|(index, attribute)| (id(index), attribute))
            }
            Piece::Account(_) => Some(("AWS::AccountId".to_owned(), "")),
            Piece::Region(_) => Some(("AWS::Region".to_owned(), "")),
            Piece::Partition(_) => Some(("AWS::Partition".to_owned(), "")),
        }
    }
}
