//! One call of one operation, whatever it answers with.

use std::pin::Pin;

use tollway::request::Pending;
use tollway::response::FromResponse;
use tollway::{Client, Error, Json, View};

use super::comparison::{CompareWithJson, Comparison};

/// Which of its optional parameters a call sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// None.
    Required,
    /// The first.
    One,
    /// All, with all their members.
    All,
}

/// Begins a call.
pub(super) type Begin = fn(&Client, Set) -> Call;

/// A call under way.
pub(super) struct Call {
    /// `charges.create`
    pub(super) name: &'static str,
    pub(super) answer: Pin<Box<dyn Future<Output = Result<Verdict, Error>>>>,
}

/// What reading an answer found.
#[derive(Default)]
pub(super) struct Verdict {
    /// Where an accessor and the JSON, or the JSON and the description, differ.
    pub(super) faults: Vec<String>,
    /// Fields that were there, by component.
    pub(super) fields: Vec<(&'static str, &'static str)>,
}

/// An answer that is read to the last field.
pub(super) fn call<A: FromResponse + View + CompareWithJson>(
    name: &'static str,
    pending: Pending<A>,
) -> Call {
    let answer = Box::pin(async move { pending.await.map(|answer| strict(&answer)) });
    Call { name, answer }
}

/// An answer that is a file.
pub(super) fn whole<A: FromResponse + AsRef<[u8]> + 'static>(
    name: &'static str,
    pending: Pending<A>,
) -> Call {
    let answer = Box::pin(async move {
        let bytes = pending.await?;
        let empty = bytes.as_ref().is_empty().then(|| "it is empty".to_owned());
        Ok(Verdict {
            faults: empty.into_iter().collect(),
            fields: Vec::new(),
        })
    });
    Call { name, answer }
}

/// Reads a value as `T`, every accessor of it.
pub(super) fn verdict_of<T: View + CompareWithJson>(json: &Json) -> Verdict {
    verdict(&T::from_json(json.clone()))
}

fn verdict<T: View + CompareWithJson>(view: &T) -> Verdict {
    let mut comparison = Comparison::default();
    view.compare_with(view.json(), &mut comparison);
    comparison.verdict()
}

/// The same, and what the description says.
fn strict<T: View + CompareWithJson>(view: &T) -> Verdict {
    let mut verdict = verdict(view);
    if let Err(error) = view.check() {
        verdict.faults.push(format!(": {error}"));
    }
    verdict
}
