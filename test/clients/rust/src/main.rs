//! Drives a cluster through kube-rs. Prints one line for each check, exits 1 when any failed.
use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::{
    apps::v1::Deployment,
    core::v1::{ConfigMap, Namespace, Pod},
};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client, ResourceExt,
    api::{
        ApiResource, DeleteParams, DynamicObject, ListParams, LogParams, ObjectMeta, Patch,
        PatchParams, PostParams, Resource, WatchEvent, WatchParams,
    },
    core::GroupVersionKind,
    discovery::Discovery,
    runtime::{
        WatchStreamExt,
        controller::Action,
        finalizer::{Event, finalizer},
        reflector,
        wait::{await_condition, conditions},
        watcher,
    },
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

async fn reflected(client: &Client, namespace: &str) -> Check {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let (reader, writer) = reflector::store();
    let stream = reflector(writer, watcher(api, watcher::Config::default()));
    let task = tokio::spawn(stream.for_each(|_| async {}));
    tokio::time::timeout(Duration::from_secs(10), reader.wait_until_ready()).await??;
    let names: Vec<_> = reader
        .state()
        .iter()
        .map(|object| object.name_any())
        .collect();
    task.abort();
    expect(names.contains(&"a".to_string()), &names)
}

async fn pages(client: &Client, namespace: &str) -> Check {
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let label = BTreeMap::from([("paged".to_string(), "yes".to_string())]);
    for i in 0..7 {
        let mut object = config_map(&format!("page-{i}"));
        object.metadata.labels = Some(label.clone());
        api.create(&PostParams::default(), &object).await?;
    }
    let mut names = vec![];
    let mut params = ListParams::default().labels("paged=yes").limit(3);
    loop {
        let page = api.list_metadata(&params).await?;
        names.extend(page.items.iter().map(|item| item.name_any()));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => params = params.continue_token(&token),
            None => break,
        }
    }
    expect(names.len() == 7, &names)?;
    let deleted = ListParams::default().labels("paged=yes");
    api.delete_collection(&DeleteParams::default(), &deleted)
        .await?;
    let left = api.list(&deleted).await?;
    expect(left.items.is_empty(), left.items.len())
}

async fn finalizers(client: &Client, namespace: &str) -> Check {
    const NAME: &str = "kedge.test/hold";
    let api: Api<ConfigMap> = Api::namespaced(client.clone(), namespace);
    let owner = api
        .create(&PostParams::default(), &config_map("owner"))
        .await?;
    let mut owned = config_map("owned");
    owned.metadata.owner_references = owner.controller_owner_ref(&()).map(|owner| vec![owner]);
    let made = api.create(&PostParams::default(), &owned).await?;
    let act = |object: ConfigMap| {
        finalizer(&api, NAME, object.into(), |event| async move {
            let (Event::Apply(_) | Event::Cleanup(_)) = event;
            Ok::<_, std::io::Error>(Action::await_change())
        })
    };
    act(made).await?;
    let held = api.get("owned").await?;
    expect(held.finalizers() == [NAME], held.finalizers())?;
    api.delete("owned", &DeleteParams::default()).await?;
    let going = api.get("owned").await?;
    expect(going.metadata.deletion_timestamp.is_some(), &going)?;
    act(going).await?;
    let gone = api.get_opt("owned").await?;
    expect(gone.is_none(), gone)
}

async fn custom(client: &Client, namespace: &str) -> Check {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let name = "sprockets.rust.kedge.test";
    let body = serde_json::from_value(json!({
        "metadata": { "name": name },
        "spec": {
            "group": "rust.kedge.test",
            "scope": "Namespaced",
            "names": { "plural": "sprockets", "singular": "sprocket", "kind": "Sprocket" },
            "versions": [{
                "name": "v1",
                "served": true,
                "storage": true,
                "schema": { "openAPIV3Schema": {
                    "type": "object",
                    "properties": { "spec": {
                        "type": "object",
                        "properties": { "teeth": { "type": "integer", "minimum": 3 } },
                    } },
                } },
            }],
        },
    }))?;
    definitions.create(&PostParams::default(), &body).await?;
    let outcome = custom_objects(client, namespace, &definitions, name).await;
    definitions.delete(name, &DeleteParams::default()).await?;
    outcome
}

async fn custom_objects(
    client: &Client,
    namespace: &str,
    definitions: &Api<CustomResourceDefinition>,
    name: &str,
) -> Check {
    let established = await_condition(definitions.clone(), name, conditions::is_crd_established());
    tokio::time::timeout(Duration::from_secs(10), established).await??;
    let gvk = GroupVersionKind::gvk("rust.kedge.test", "v1", "Sprocket");
    let (resource, _) = kube::discovery::pinned_kind(client, &gvk).await?;
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
    let applied = |teeth: i64| {
        Patch::Apply(json!({
            "apiVersion": "rust.kedge.test/v1",
            "kind": "Sprocket",
            "metadata": { "name": "s" },
            "spec": { "teeth": teeth },
        }))
    };
    let params = PatchParams::apply("one");
    let made = api.patch("s", &params, &applied(12)).await?;
    expect(made.data["spec"]["teeth"] == 12, &made.data)?;
    let refused = api.patch("s", &params, &applied(1)).await;
    expect(
        matches!(&refused, Err(kube::Error::Api(status)) if status.code == 422),
        &refused,
    )
}

async fn logs(client: &Client, namespace: &str) -> Check {
    let api: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let missing = api.logs("none", &LogParams::default()).await;
    expect(
        matches!(&missing, Err(kube::Error::Api(status)) if status.code == 404),
        &missing,
    )
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
    report("reflector", reflected(&client, &namespace).await);
    report("pages and collections", pages(&client, &namespace).await);
    report(
        "finalizers and owners",
        finalizers(&client, &namespace).await,
    );
    report("custom resources", custom(&client, &namespace).await);
    report(
        "logs of a pod that has none",
        logs(&client, &namespace).await,
    );
    namespaces
        .delete(&namespace, &DeleteParams::default())
        .await?;
    println!("{failures} failed");
    std::process::exit(i32::from(failures > 0));
}
