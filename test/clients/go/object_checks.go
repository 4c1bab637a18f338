package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
)

const customGroup = "go.kedge.test"

var (
	definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
	sprockets   = schema.GroupVersionResource{Group: customGroup, Version: "v1", Resource: "sprockets"}
)

type fieldMap = map[string]any

func definition() *unstructured.Unstructured {
	teeth := fieldMap{"type": "integer", "minimum": int64(3)}
	properties := fieldMap{
		"spec":   fieldMap{"type": "object", "properties": fieldMap{"teeth": teeth}},
		"status": fieldMap{"type": "object", "properties": fieldMap{"worn": fieldMap{"type": "boolean"}}},
	}
	version := fieldMap{
		"name": "v1", "served": true, "storage": true,
		"schema":       fieldMap{"openAPIV3Schema": fieldMap{"type": "object", "properties": properties}},
		"subresources": fieldMap{"status": fieldMap{}},
	}
	return &unstructured.Unstructured{Object: fieldMap{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": fieldMap{"name": "sprockets." + customGroup},
		"spec": fieldMap{
			"group": customGroup, "scope": "Namespaced",
			"names":    fieldMap{"plural": "sprockets", "singular": "sprocket", "kind": "Sprocket"},
			"versions": []any{version},
		},
	}}
}

func sprocket(name string, teeth int64) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: fieldMap{
		"apiVersion": customGroup + "/v1", "kind": "Sprocket",
		"metadata": fieldMap{"name": name}, "spec": fieldMap{"teeth": teeth},
	}}
}

func (c *clients) customResources(ctx context.Context) error {
	api := c.dynamic.Resource(definitions)
	made, err := api.Create(ctx, definition(), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	defer func() { _ = api.Delete(ctx, made.GetName(), metav1.DeleteOptions{}) }()
	err = wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 10*time.Second, true, func(ctx context.Context) (bool, error) {
		c.discovery.Invalidate()
		_, err := c.mapper.RESTMapping(schema.GroupKind{Group: customGroup, Kind: "Sprocket"})
		return err == nil, nil
	})
	if err != nil {
		return fmt.Errorf("the kind is not mapped: %w", err)
	}
	if err := c.customObjects(ctx, c.dynamic.Resource(sprockets).Namespace(c.namespace)); err != nil {
		return err
	}
	return c.customInformer(ctx)
}

func (c *clients) customObjects(ctx context.Context, api dynamic.ResourceInterface) error {
	made, err := api.Create(ctx, sprocket("s", 12), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	made.Object["status"] = fieldMap{"worn": true}
	if made, err = api.UpdateStatus(ctx, made, metav1.UpdateOptions{}); err != nil {
		return err
	}
	if worn, _, _ := unstructured.NestedBool(made.Object, "status", "worn"); !worn || made.GetGeneration() != 1 {
		return fmt.Errorf("status %v", made.Object)
	}
	applied, err := api.Apply(ctx, "s", sprocket("s", 14), metav1.ApplyOptions{FieldManager: "one", Force: true})
	if err != nil {
		return err
	}
	if err := expect(applied.GetGeneration() == 2, "generation %d", applied.GetGeneration()); err != nil {
		return err
	}
	_, few := api.Create(ctx, sprocket("few", 1), metav1.CreateOptions{})
	_, unknown := api.Patch(ctx, "s", types.MergePatchType, []byte(`{"spec":{"lost":1}}`), metav1.PatchOptions{FieldValidation: "Strict"})
	return expect(apierrors.IsInvalid(few) && apierrors.IsInvalid(unknown), "%v, %v", few, unknown)
}

func (c *clients) customInformer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(c.dynamic, 0, c.namespace, nil)
	informer := factory.ForResource(sprockets).Informer()
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("no sync")
	}
	return expect(len(informer.GetStore().ListKeys()) == 1, "%v", informer.GetStore().ListKeys())
}

func (c *clients) metadataObjects(ctx context.Context) error {
	resource := schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	api := c.metadata.Resource(resource).Namespace(c.namespace)
	made := configMap("by-metadata")
	made.Labels = map[string]string{"by": "metadata"}
	if _, err := c.typed.CoreV1().ConfigMaps(c.namespace).Create(ctx, made, metav1.CreateOptions{}); err != nil {
		return err
	}
	patched, err := api.Patch(ctx, "by-metadata", types.MergePatchType, []byte(`{"metadata":{"annotations":{"a":"b"}}}`), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	list, err := api.List(ctx, metav1.ListOptions{LabelSelector: "by=metadata", Limit: 1})
	if err != nil {
		return err
	}
	if err := expect(patched.Annotations["a"] == "b" && len(list.Items) == 1, "%v %v", patched, list.Items); err != nil {
		return err
	}
	return api.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "by=metadata"})
}

func (c *clients) finalizers(ctx context.Context) error {
	api := c.typed.CoreV1().ConfigMaps(c.namespace)
	owner, err := api.Create(ctx, configMap("owner"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	owned := configMap("owned")
	owned.Finalizers = []string{"example.org/hold"}
	owned.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(owner, corev1.SchemeGroupVersion.WithKind("ConfigMap"))}
	if _, err := api.Create(ctx, owned, metav1.CreateOptions{}); err != nil {
		return err
	}
	if err := api.Delete(ctx, "owned", metav1.DeleteOptions{}); err != nil {
		return err
	}
	held, err := api.Get(ctx, "owned", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := expect(held.DeletionTimestamp != nil && metav1.IsControlledBy(held, owner), "%v", held.ObjectMeta); err != nil {
		return err
	}
	held.Finalizers = append(held.Finalizers, "example.org/late")
	if _, err := api.Update(ctx, held, metav1.UpdateOptions{}); !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) {
		return fmt.Errorf("a finalizer that comes late: %v", err)
	}
	held.Finalizers = nil
	if _, err := api.Update(ctx, held, metav1.UpdateOptions{}); err != nil {
		return err
	}
	_, err = api.Get(ctx, "owned", metav1.GetOptions{})
	return expect(apierrors.IsNotFound(err), "%v", err)
}

func (c *clients) logs(ctx context.Context) error {
	api := c.typed.CoreV1().Pods(c.namespace)
	_, err := api.GetLogs("none", &corev1.PodLogOptions{}).DoRaw(ctx)
	if err := expect(apierrors.IsNotFound(err), "a pod that is not there: %v", err); err != nil {
		return err
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "logs"}}
	if _, err := c.typed.CoreV1().ServiceAccounts(c.namespace).Create(ctx, account, metav1.CreateOptions{}); err != nil {
		return err
	}
	spec := deployment("p").Spec.Template.Spec
	spec.ServiceAccountName = "logs"
	if _, err := api.Create(ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p"}, Spec: spec}, metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err = api.GetLogs("p", &corev1.PodLogOptions{Container: "other"}).DoRaw(ctx)
	return expect(apierrors.IsBadRequest(err), "a container that is not there: %v", err)
}
