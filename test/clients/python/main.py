"""Drives a cluster through the Python client. Prints one line for each check, exits 1 when any failed."""

import base64
import os
import threading
import time

from kubernetes import client, config, dynamic, informer, utils, watch
from kubernetes.client.rest import ApiException
from kubernetes.leaderelection import electionconfig, leaderelection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

failures = 0


def check(name):
    def decorate(run):
        global failures
        try:
            run()
            print("ok  ", name)
        except Exception as error:  # every failure is reported, whatever it is
            failures += 1
            print("FAIL", name, repr(error)[:500])

    return decorate


config.load_kube_config()
core = client.CoreV1Api()
apps = client.AppsV1Api()
namespace = core.create_namespace({"metadata": {"generateName": "python-"}}).metadata.name


def config_map(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data or {"k": "v"})


@check("typed objects")
def _():
    container = client.V1Container(name="c", image="example/c", resources={"requests": {"cpu": "100m"}})
    body = client.V1Deployment(
        metadata=client.V1ObjectMeta(name="d"),
        spec=client.V1DeploymentSpec(
            selector={"matchLabels": {"a": "b"}},
            template={"metadata": {"labels": {"a": "b"}}, "spec": client.V1PodSpec(containers=[container])},
        ),
    )
    made = apps.create_namespaced_deployment(namespace, body)
    assert made.spec.replicas == 1, made
    made.spec.replicas = 2
    assert apps.replace_namespaced_deployment("d", namespace, made).metadata.generation == 2
    scale = apps.read_namespaced_deployment_scale("d", namespace)
    assert scale.status.selector == "a=b", scale
    scale.spec.replicas = 3
    assert apps.replace_namespaced_deployment_scale("d", namespace, scale).spec.replicas == 3


@check("patches")
def _():
    core.create_namespaced_config_map(namespace, config_map("p"))
    core.patch_namespaced_config_map("p", namespace, {"data": {"s": "1"}})
    core.patch_namespaced_config_map("p", namespace, [{"op": "add", "path": "/data/j", "value": "1"}])
    data = core.read_namespaced_config_map("p", namespace).data
    assert sorted(data) == ["j", "k", "s"], data


@check("watch")
def _():
    version = core.list_namespaced_config_map(namespace).metadata.resource_version

    def later():
        time.sleep(0.2)
        core.create_namespaced_config_map(namespace, config_map("w"))
        core.delete_namespaced_config_map("w", namespace)

    threading.Thread(target=later).start()
    seen = []
    for event in watch.Watch().stream(core.list_namespaced_config_map, namespace, resource_version=version, timeout_seconds=3):
        seen.append((event["type"], event["object"].metadata.name))
    assert seen == [("ADDED", "w"), ("DELETED", "w")], seen


@check("pages")
def _():
    for i in range(7):
        core.create_namespaced_secret(namespace, client.V1Secret(metadata={"name": f"s-{i}"}, string_data={"a": "b"}))
    names, token = [], None
    while True:
        page = core.list_namespaced_secret(namespace, limit=3, _continue=token)
        names += [item.metadata.name for item in page.items]
        token = page.metadata._continue
        if not token:
            break
    assert names == [f"s-{i}" for i in range(7)], names
    assert base64.b64decode(core.read_namespaced_secret("s-0", namespace).data["a"]) == b"b"


@check("dynamic client and server-side apply")
def _():
    api = dynamic.DynamicClient(client.ApiClient())
    resource = api.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": namespace}, "data": {"a": "1"}}
    applied = resource.server_side_apply(body=body, field_manager="one")
    assert applied.metadata.managedFields[0].operation == "Apply", applied
    body["data"]["a"] = "2"
    try:
        resource.server_side_apply(body=body, field_manager="two")
        raise AssertionError("a conflict was expected")
    except dynamic.exceptions.ConflictError:
        pass
    assert resource.server_side_apply(body=body, field_manager="two", force_conflicts=True).data.a == "2"


@check("manifests")
def _():
    manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "m"}, "spec": {"ports": [{"port": 80}]}}
    utils.create_from_dict(client.ApiClient(), manifest, namespace=namespace)
    assert core.read_namespaced_service("m", namespace).spec.cluster_ip.startswith("10.")


@check("errors")
def _():
    try:
        core.read_namespaced_config_map("none", namespace)
        raise AssertionError("404 was expected")
    except ApiException as error:
        assert error.status == 404 and "not found" in error.body, error


@check("every typed list parses")
def _():
    for api, method in [
        (core, "list_node"),
        (core, "list_event_for_all_namespaces"),
        (client.RbacAuthorizationV1Api(), "list_cluster_role"),
        (client.RbacAuthorizationV1Api(), "list_cluster_role_binding"),
        (client.FlowcontrolApiserverV1Api(), "list_flow_schema"),
        (client.SchedulingV1Api(), "list_priority_class"),
        (client.StorageV1Api(), "list_storage_class"),
        (client.DiscoveryV1Api(), "list_endpoint_slice_for_all_namespaces"),
    ]:
        getattr(api, method)()


def until(condition, what):
    for _ in range(500):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError(f"in vain: {what}")


@check("informer")
def _():
    seen = []
    watched = informer.SharedInformer(core.list_namespaced_config_map, namespace=namespace, label_selector="informed")
    for kind in ["ADDED", "MODIFIED", "DELETED"]:
        watched.add_event_handler(kind, lambda item, kind=kind: seen.append(kind))
    watched.start()
    body = config_map("informed")
    body.metadata.labels = {"informed": "yes"}
    core.create_namespaced_config_map(namespace, body)
    until(lambda: watched.cache.get_by_key(f"{namespace}/informed"), "the object in the cache")
    core.patch_namespaced_config_map("informed", namespace, {"data": {"k": "w"}})
    core.delete_namespaced_config_map("informed", namespace)
    until(lambda: "DELETED" in seen, seen)
    assert seen == ["ADDED", "MODIFIED", "DELETED"], seen


@check("finalizers and owners")
def _():
    owner = core.create_namespaced_config_map(namespace, config_map("owner"))
    body = config_map("owned")
    body.metadata.finalizers = ["example.org/hold"]
    body.metadata.owner_references = [
        client.V1OwnerReference(api_version="v1", kind="ConfigMap", name="owner", uid=owner.metadata.uid, controller=True)
    ]
    core.create_namespaced_config_map(namespace, body)
    core.delete_namespaced_config_map("owned", namespace)
    held = core.read_namespaced_config_map("owned", namespace)
    assert held.metadata.deletion_timestamp and held.metadata.owner_references[0].controller, held
    core.patch_namespaced_config_map("owned", namespace, {"metadata": {"finalizers": None}})
    until(lambda: not core.list_namespaced_config_map(namespace, field_selector="metadata.name=owned").items, "gone")


@check("leader election")
def _():
    led = threading.Event()
    lock = LeaseLock("leader", namespace, "one")
    settings = electionconfig.Config(
        lock, lease_duration=4, renew_deadline=3, retry_period=1, onstarted_leading=led.set, onstopped_leading=None
    )
    threading.Thread(target=leaderelection.LeaderElection(settings).run, daemon=True).start()
    assert led.wait(10), "nobody leads"
    holder = client.CoordinationV1Api().read_namespaced_lease("leader", namespace).spec.holder_identity
    assert holder == "one", holder


@check("custom resources")
def _():
    group, plural = "python.kedge.test", "sprockets"
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"teeth": {"type": "integer", "minimum": 3}}}}}
    definition = {
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "singular": "sprocket", "kind": "Sprocket"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}],
        },
    }
    extensions = client.ApiextensionsV1Api()
    extensions.create_custom_resource_definition(definition)
    try:
        def established():
            status = extensions.read_custom_resource_definition(f"{plural}.{group}").status
            return any(c.type == "Established" and c.status == "True" for c in status.conditions or [])

        until(established, "an established kind")
        custom = client.CustomObjectsApi()
        body = {"apiVersion": f"{group}/v1", "kind": "Sprocket", "metadata": {"name": "s"}, "spec": {"teeth": 12, "lost": 1}}
        made = custom.create_namespaced_custom_object(group, "v1", namespace, plural, body)
        assert made["spec"] == {"teeth": 12}, made
        custom.patch_namespaced_custom_object_status(group, "v1", namespace, plural, "s", {"status": {}})
        try:
            custom.patch_namespaced_custom_object(group, "v1", namespace, plural, "s", {"spec": {"teeth": 1}})
            raise AssertionError("422 was expected")
        except ApiException as error:
            assert error.status == 422 and "greater than or equal to 3" in error.body, error
    finally:
        extensions.delete_custom_resource_definition(f"{plural}.{group}")


@check("logs of a pod that has none")
def _():
    try:
        core.read_namespaced_pod_log("none", namespace)
        raise AssertionError("404 was expected")
    except ApiException as error:
        assert error.status == 404, error
    core.create_namespaced_service_account(namespace, client.V1ServiceAccount(metadata={"name": "logs"}))
    container = client.V1Container(name="c", image="example/c")
    pod = client.V1Pod(metadata={"name": "p"}, spec=client.V1PodSpec(containers=[container], service_account_name="logs"))
    core.create_namespaced_pod(namespace, pod)
    text = core.read_namespaced_pod_log("p", namespace)
    assert not text, f"a pod that no node has: {text!r}"
    try:
        core.read_namespaced_pod_log("p", namespace, container="other")
        raise AssertionError("400 was expected")
    except ApiException as error:
        assert error.status == 400 and "container other is not valid for pod p" in error.body, error


core.delete_namespace(namespace)
print(failures, "failed", flush=True)
# The informer and the election have threads that end with the process only.
os._exit(1 if failures else 0)
