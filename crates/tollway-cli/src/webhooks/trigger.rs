//! `tollway trigger EVENT`: sends the requests that cause an event.
//!
//! The [recipes](super::recipes) are API calls. For an event without a recipe the emulator creates a synthetic one, about an object
//! that follows the description and is not stored.

use serde_json::Value;
use tollway::{
    Client, Error,
    request::{RequestBuilder, Verb},
};

use super::{
    Target,
    recipes::{self, Recipe, Step},
};
use crate::failure::{Failure, Outcome};

const EXAMPLES: &str = "\
Examples:
  tollway trigger payment_intent.succeeded
  tollway trigger charge.succeeded --stripe-account acct_123
      on a connected account
  tollway trigger customer.created --override customer:name=Ann --add customer:metadata[order]=1
      with other parameters
  tollway trigger --list
      the events that are led to by requests; any other event of the API is made up

Run `tollway listen` beside it to see events arrive.";

/// The arguments of `tollway trigger`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    target: Target,
    /// The event, as `charge.succeeded`.
    #[arg(required_unless_present = "list")]
    event: Option<String>,
    /// A connected account to make it happen on.
    #[arg(long, value_name = "ACCOUNT")]
    stripe_account: Option<String>,
    /// Another value for a parameter of a step, `STEP:PARAMETER=VALUE`; may be given again.
    #[arg(long = "override", value_name = "CHANGE", value_parser = change)]
    overrides: Vec<Change>,
    /// A parameter that a step does not have by itself, `STEP:PARAMETER=VALUE`; may be given again.
    #[arg(long = "add", value_name = "CHANGE", value_parser = change)]
    additions: Vec<Change>,
    /// A parameter to leave out of a step, `STEP:PARAMETER`; may be given again.
    #[arg(long = "remove", value_name = "CHANGE", value_parser = removal)]
    removals: Vec<Change>,
    /// Print the events that are led to by requests.
    #[arg(long)]
    list: bool,
}

/// A change of a step's parameters; without a value the parameter is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    step: String,
    parameter: String,
    value: Option<String>,
}

/// Sends the requests, and checks that they caused the event.
pub(crate) async fn run(args: Args) -> Outcome {
    let recipes = recipes::all()?;
    if args.list {
        for event in recipes.keys() {
            println!("{event}");
        }
        return Ok(());
    }
    let event = args.event.as_deref().unwrap_or_default();
    let runner = RecipeRunner {
        client: args.target.client()?,
        account: args.stripe_account.clone(),
    };
    let failed = |error: Error| args.target.failed(&error);
    let changes: Vec<&Change> = [&args.overrides, &args.additions, &args.removals]
        .into_iter()
        .flatten()
        .collect();
    let Some(recipe) = recipes.get(event) else {
        if let Some(change) = changes.first() {
            return Err(Failure::new(format!(
                "{event} is made up, so there is no step '{}' to change: `tollway trigger --list` names the events that have steps",
                change.step
            )));
        }
        let id = match runner.create_synthetic(event).await {
            Ok(id) => id,
            Err(error) if error.status() == Some(400) => {
                let supported: Vec<&str> = recipes.keys().map(String::as_str).collect();
                return Err(Failure::new(format!(
                    "{error}\nSupported events:\n  {}\nAny other event of the API is made up.",
                    supported.join("\n  ")
                )));
            }
            Err(error) => return Err(failed(error)),
        };
        println!("{event}: {id}, about a made-up object");
        return Ok(());
    };
    let recipe = apply_changes(recipe, event, &changes)?;
    let own = runner.account.clone();
    let last = runner.newest(event, own.as_deref()).await.map_err(failed)?;
    let responses = runner.run(&recipe).await.map_err(failed)?;
    let id_of = |name: &str| recipes::fill_in(&format!("${{{name}}}"), &responses);
    let account = recipe.account.as_deref().map(id_of).or(own);
    match runner
        .newest(event, account.as_deref())
        .await
        .map_err(failed)?
    {
        Some(id) if last.as_ref() != Some(&id) => println!("{event}: {id}"),
        _ => {
            return Err(Failure::new(format!(
                "the requests were answered, but no {event} came of them: look at what you changed"
            )));
        }
    }
    Ok(())
}

struct RecipeRunner {
    client: Client,
    account: Option<String>,
}

impl RecipeRunner {
    fn request(&self, verb: Verb, path: String, account: Option<&str>) -> RequestBuilder {
        let request = self.client.request(verb, path);
        match account {
            Some(account) => request.stripe_account(account),
            None => request,
        }
    }

    /// Sends the requests in order and prints a line for each. Returns the responses by step.
    async fn run(&self, recipe: &Recipe) -> Result<Vec<(String, Value)>, Error> {
        let mut responses: Vec<(String, Value)> = Vec::new();
        for step in &recipe.steps {
            let path = recipes::fill_in(&step.path, &responses);
            let mut request = self.request(step.verb, path.clone(), self.account.as_deref());
            for (name, value) in &step.params {
                request = request.param(name, recipes::fill_in(value, &responses));
            }
            let response = match request.send::<Value>().await {
                Ok(response) => response,
                Err(error)
                    if step.expected_status.is_some() && error.status() == step.expected_status =>
                {
                    Value::Null
                }
                Err(error) => return Err(error),
            };
            let id = response["id"]
                .as_str()
                .unwrap_or(match step.expected_status {
                    Some(303) => "done",
                    _ => "declined",
                });
            let verb = format!("{:?}", step.verb).to_uppercase();
            println!("{}: {verb} {path} {id}", step.name);
            responses.push((step.name.clone(), response));
        }
        Ok(responses)
    }

    /// Creates a synthetic event of this type.
    async fn create_synthetic(&self, event: &str) -> Result<String, Error> {
        let request = self
            .client
            .request(Verb::Post, "/_tollway/events")
            .param("type", event);
        let request = match &self.account {
            Some(account) => request.param("account", account.as_str()),
            None => request,
        };
        let event: Value = request.send().await?;
        Ok(event["id"].as_str().unwrap_or_default().to_owned())
    }

    /// The last event of this type, on a connected account or the platform's own.
    async fn newest(&self, event: &str, account: Option<&str>) -> Result<Option<String>, Error> {
        let list: Value = self
            .request(Verb::Get, "/v1/events".to_owned(), account)
            .param("type", event)
            .param("limit", 1)
            .send()
            .await?;
        Ok(list["data"][0]["id"].as_str().map(str::to_owned))
    }
}

/// Applies changes to a recipe. Every change must name one of its steps.
fn apply_changes(recipe: &Recipe, event: &str, changes: &[&Change]) -> Outcome<Recipe> {
    let mut recipe = recipe.clone();
    for change in changes {
        let names: Vec<String> = recipe.steps.iter().map(|step| step.name.clone()).collect();
        let step: &mut Step = recipe
            .steps
            .iter_mut()
            .find(|step| step.name == change.step)
            .ok_or_else(|| {
                Failure::new(format!(
                    "{event} has no step '{}': it has {}",
                    change.step,
                    names.join(", ")
                ))
            })?;
        step.params.retain(|(name, _)| *name != change.parameter);
        if let Some(value) = &change.value {
            step.params.push((change.parameter.clone(), value.clone()));
        }
    }
    Ok(recipe)
}

/// `step:a.b=value`; dots and brackets both lead into objects.
fn change(text: &str) -> Result<Change, String> {
    let (target, value) = text
        .split_once('=')
        .ok_or("give STEP:PARAMETER=VALUE, such as customer:name=Ann")?;
    let mut change = removal(target)?;
    change.value = Some(value.to_owned());
    Ok(change)
}

fn removal(text: &str) -> Result<Change, String> {
    let (step, parameter) = text
        .split_once(':')
        .filter(|(step, parameter)| !step.is_empty() && !parameter.is_empty())
        .ok_or("give STEP:PARAMETER, such as customer:name")?;
    let mut parts = parameter.split('.');
    let first = parts.next().unwrap_or_default().to_owned();
    Ok(Change {
        step: step.to_owned(),
        parameter: parts.fold(first, |name, part| format!("{name}[{part}]")),
        value: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_name_a_step_and_a_parameter() {
        let change = change("charge:shipping.address.city=Bonn=1").unwrap();
        assert_eq!(change.step, "charge");
        assert_eq!(change.parameter, "shipping[address][city]");
        assert_eq!(change.value.as_deref(), Some("Bonn=1"));
        for bad in ["charge", "charge:=1", ":a=1"] {
            assert!(super::change(bad).is_err(), "{bad}");
        }
        assert_eq!(removal("a:b").unwrap().value, None);
    }

    #[test]
    fn a_step_that_is_not_there_is_named() {
        let recipes = recipes::all().unwrap();
        let recipe = &recipes["customer.created"];
        let wrong = removal("charge:amount").unwrap();
        let said = apply_changes(recipe, "customer.created", &[&wrong]).unwrap_err();
        assert_eq!(
            said.to_string(),
            "customer.created has no step 'charge': it has customer"
        );
        let other = change("customer:name=Bob").unwrap();
        let recipe = apply_changes(recipe, "customer.created", &[&other]).unwrap();
        assert!(
            recipe.steps[0]
                .params
                .contains(&("name".into(), "Bob".into()))
        );
    }
}
