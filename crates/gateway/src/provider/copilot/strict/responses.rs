//! The steps of Responses.

use dialect::prompt::Dropped;
use serde_json::{Value, json};

use super::{Model, Step};

/// In this order.
pub(super) const STEPS: &[Step] = &[store, service_tier, image_generation, namespaces];

/// Copilot keeps nothing: `store: true` is a 400.
fn store(body: &mut Value, _: Model, dropped: &mut Dropped) {
    if body["store"] == true {
        body["store"] = json!(false);
        dropped.name("store");
    }
}

/// It has one class of service.
fn service_tier(body: &mut Value, _: Model, dropped: &mut Dropped) {
    let fields = body.as_object_mut();
    if fields.is_some_and(|fields| fields.shift_remove("service_tier").is_some()) {
        dropped.name("service_tier");
    }
}

/// It draws no pictures.
fn image_generation(body: &mut Value, _: Model, dropped: &mut Dropped) {
    let is_wanted = |tool: &Value| tool["type"] != "image_generation";
    let Some(tools) = body.get_mut("tools").and_then(Value::as_array_mut) else {
        return;
    };
    let before = tools.len();
    tools.retain(is_wanted);
    if tools.len() < before {
        dropped.name("tools.image_generation");
    }
    if body["tool_choice"]["type"] == "image_generation" {
        body["tool_choice"] = json!("auto");
    }
}

/// It refuses namespaces without a description.
fn namespaces(body: &mut Value, _: Model, _: &mut Dropped) {
    let tools = body.get_mut("tools").and_then(Value::as_array_mut);
    for tool in tools.into_iter().flatten() {
        if tool["type"] == "namespace" && tool["description"].as_str().is_none_or(str::is_empty) {
            let name = tool["name"].as_str().unwrap_or("this namespace");
            tool["description"] = json!(format!("Tools of {name}."));
        }
    }
}
