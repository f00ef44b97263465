"""Everyday work with Kubernetes' client for Python, as programs of users do it. Prints what it sees, one JSON line a step.

usage: everyday.py KUBECONFIG NAMESPACE GROUP
"""

import json
import sys

from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient

kubeconfig, namespace, group = sys.argv[1:]
config.load_kube_config(kubeconfig)
core = client.CoreV1Api()
custom = client.CustomObjectsApi()
place = (group, "v1", namespace, "widgets")


def tell(step, seen):
    print(json.dumps({"step": step, "seen": seen}), flush=True)


def refused(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except ApiException as error:
        body = json.loads(error.body)
        return [error.status, body["reason"]]  # sentences differ
    return "not refused"


def widget(name, size):
    return {"apiVersion": f"{group}/v1", "kind": "Widget", "metadata": {"name": name}, "spec": {"size": size}}


settings = client.V1ConfigMap(metadata=client.V1ObjectMeta(name="python", labels={"by": "python"}), data={"a": "1"})
tell("create", core.create_namespaced_config_map(namespace, settings).data)
tell("create again", refused(core.create_namespaced_config_map, namespace, settings))
tell("read", core.read_namespaced_config_map("python", namespace).metadata.labels)
tell("patch", core.patch_namespaced_config_map("python", namespace, {"data": {"b": "2"}}).data)
found = core.read_namespaced_config_map("python", namespace)
found.data = {"only": "this"}
tell("replace", core.replace_namespaced_config_map("python", namespace, found).data)
tell("replace with an old version", refused(core.replace_namespaced_config_map, "python", namespace, found))
tell("list", [item.metadata.name for item in core.list_namespaced_config_map(namespace, label_selector="by=python").items])
tell("absent", refused(core.read_namespaced_config_map, "absent", namespace))

secret = client.V1Secret(metadata=client.V1ObjectMeta(name="python"), string_data={"password": "x"})
tell("secret", core.create_namespaced_secret(namespace, secret).data)

pod = client.V1Pod(
    metadata=client.V1ObjectMeta(name="python"),
    spec=client.V1PodSpec(scheduler_name="nobody", containers=[client.V1Container(name="c", image="image:1")]),
)
made = core.create_namespaced_pod(namespace, pod)
tell("pod", [made.status.phase, made.spec.restart_policy, made.spec.containers[0].image_pull_policy])
tell("delete the pod", core.delete_namespaced_pod("python", namespace, grace_period_seconds=0).metadata.name)

tell("custom object", custom.create_namespaced_custom_object(*place, widget("python", 3))["spec"])
tell("wrong custom object", refused(custom.create_namespaced_custom_object, *place, widget("wrong", 500)))
since = custom.list_namespaced_custom_object(*place)["metadata"]["resourceVersion"]
custom.patch_namespaced_custom_object(*place, "python", {"spec": {"size": 4}})
custom.patch_namespaced_custom_object_status(*place, "python", {"status": {"phase": "Up"}})
custom.delete_namespaced_custom_object(*place, "python")
events = []
watcher = watch.Watch()
for event in watcher.stream(custom.list_namespaced_custom_object, *place, resource_version=since, timeout_seconds=30):
    item = event["object"]
    events.append([event["type"], item["metadata"]["name"], item["spec"]["size"], item.get("status", {}).get("phase")])
    if event["type"] == "DELETED":
        watcher.stop()
tell("watch", events)

dynamic = DynamicClient(client.ApiClient())
widgets = dynamic.resources.get(api_version=f"{group}/v1", kind="Widget")
tell("discovered", [widgets.name, widgets.namespaced, sorted(widgets.verbs)])
applied = widgets.server_side_apply(widget("dynamic", 5), namespace=namespace, field_manager="python", force_conflicts=False)
tell("applied", [applied.spec.size, applied.metadata.managedFields[0].manager])
tell("deleted", widgets.delete(name="dynamic", namespace=namespace).status)
core.delete_collection_namespaced_config_map(namespace, label_selector="by=python")
tell("collection deleted", len(core.list_namespaced_config_map(namespace, label_selector="by=python").items))
tell("version", client.VersionApi().get_code().major)
