//! Drives a cluster through kube-rs. Prints one line for each check, exits 1 when any failed.
use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Namespace},
};
use kube::{
    Api, Client, ResourceExt,
    api::{
        ApiResource, DeleteParams, DynamicObject, ListParams, ObjectMeta, Patch, PatchParams,
        PostParams, WatchEvent, WatchParams,
    },
    core::GroupVersionKind,
    discovery::Discovery,
    runtime::{WatchStreamExt, watcher},
};
use serde_json::json;

type Check = Result<(), Box<dyn std::error::Error>>;

fn config_map(name: &str) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.into()),
            ..Default::default()
        },
        data: Some(BTreeMap::from([("k".into(), "v".into())])),
        ..Default::default()
    }
}

fn expect(ok: bool, what: impl std::fmt::Debug) -> Check {
    if ok {
        Ok(())
    } else {
        Err(format!("{what:?}").into())
    }
}

async fn typed(client: &Client, namespace: &str) -> Check {
    let api: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    let body: Deployment = serde_json::from_value(json!({
        "metadata": { "name": "d" },
        "spec": {
            "selector": { "matchLabels": { "a": "b" } },
            "template": {
                "metadata": { "labels": { "a": "b" } },
                "spec": { "containers": [{ "name": "c", "image": "example/c" }] },
            },
        },
    }))?;
    let made = api.create(&PostParams::default(), &body).await?;
    expect(
        made.spec.as_ref().and_then(|spec| spec.replicas) == Some(1),
        &made,
    )?;
    let scale = api
        .patch_scale(
            "d",
            &PatchParams::default(),
            &Patch::Merge(json!({ "spec": { "replicas": 4 } })),
        )
        .await?;
    expect(
        scale.spec.and_then(|spec| spec.replicas) == Some(4),
        "replicas",
    )?;
    let restarted = api.restart("d").await?;
    expect(
        restarted.metadata.generation == Some(3),
        restarted.metadata.generation,
    )?;
    api.patch_status(
        "d",
        &PatchParams::default(),
        &Patch::Merge(json!({ "status": { "replicas": 2 } })),
    )
    .await?;
    let metadata = api.get_metadata("d").await?;
    expect(metadata.name_any() == "d", metadata.metadata)
}

async fn apply(client: &Client, namespace: &str) -> Check {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let patch = |value: &str| {
        Patch::Apply(
            json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "a" }, "data": { "a": value } }),
        )
    };
    api.patch("a", &PatchParams::apply("one"), &patch("1"))
        .await?;
    let conflict = api
        .patch("a", &PatchParams::apply("two"), &patch("2"))
        .await;
    expect(
        matches!(&conflict, Err(kube::Error::Api(status)) if status.code == 409),
        &conflict,
    )?;
    let forced = api
        .patch("a", &PatchParams::apply("two").force(), &patch("2"))
        .await?;
    expect(
        forced
            .data
            .as_ref()
            .and_then(|data| data.get("a"))
            .map(String::as_str)
            == Some("2"),
        &forced,
    )
}

async fn watch(client: &Client, namespace: &str) -> Check {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let version = api
        .list(&ListParams::default())
        .await?
        .metadata
        .resource_version
        .unwrap_or_default();
    let mut events = api
        .watch(&WatchParams::default().timeout(5), &version)
        .await?
        .boxed();
    api.create(&PostParams::default(), &config_map("w")).await?;
    api.delete("w", &DeleteParams::default()).await?;
    let mut seen = vec![];
    while let Some(event) = events.try_next().await? {
        match event {
            WatchEvent::Added(object) => seen.push(format!("added {}", object.name_any())),
            WatchEvent::Deleted(object) => {
                seen.push(format!("deleted {}", object.name_any()));
                break;
            }
            _ => {}
        }
    }
    expect(seen == ["added w", "deleted w"], &seen)
}

async fn watchers(client: &Client, namespace: &str) -> Check {
    for config in [
        watcher::Config::default(),
        watcher::Config::default().streaming_lists(),
    ] {
        let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
        let mut objects = watcher(api.clone(), config).applied_objects().boxed();
        let first = tokio::time::timeout(Duration::from_secs(5), objects.try_next()).await??;
        expect(first.is_some(), "an object that is there")?;
        api.create(&PostParams::default(), &config_map("r")).await?;
        loop {
            let next = tokio::time::timeout(Duration::from_secs(5), objects.try_next()).await??;
            if next.is_some_and(|object| object.name_any() == "r") {
                break;
            }
        }
        api.delete("r", &DeleteParams::default()).await?;
    }
    Ok(())
}

async fn dynamic(client: &Client, namespace: &str) -> Check {
    let discovery = Discovery::new(client.clone()).run().await?;
    expect(discovery.groups().count() > 15, discovery.groups().count())?;
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap"));
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let object = api.get("a").await?;
    expect(object.data["data"]["a"] == "2", &object.data)
}

#[tokio::main]
async fn main() -> Check {
    let client = Client::try_default().await?;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let metadata = ObjectMeta {
        generate_name: Some("kube-rs-".into()),
        ..Default::default()
    };
    let namespace = namespaces
        .create(
            &PostParams::default(),
            &Namespace {
                metadata,
                ..Default::default()
            },
        )
        .await?
        .name_any();
    let mut failures = 0;
    let mut report = |name: &str, outcome: Check| match outcome {
        Ok(()) => println!("ok   {name}"),
        Err(error) => {
            failures += 1;
            println!("FAIL {name}: {error}");
        }
    };
    report(
        "typed objects, scale and restart",
        typed(&client, &namespace).await,
    );
    report("server-side apply", apply(&client, &namespace).await);
    report("watch", watch(&client, &namespace).await);
    report("watchers", watchers(&client, &namespace).await);
    report(
        "discovery and dynamic objects",
        dynamic(&client, &namespace).await,
    );
    namespaces
        .delete(&namespace, &DeleteParams::default())
        .await?;
    println!("{failures} failed");
    std::process::exit(i32::from(failures > 0));
}
