package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/tools/cache"
)

type clients struct {
	typed     kubernetes.Interface
	json      kubernetes.Interface
	dynamic   dynamic.Interface
	metadata  metadata.Interface
	discovery discovery.CachedDiscoveryInterface
	mapper    meta.RESTMapper
	scales    scale.ScalesGetter
	namespace string
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func newClients(json, protobuf *rest.Config) *clients {
	all := &clients{
		typed:    must(kubernetes.NewForConfig(protobuf)),
		json:     must(kubernetes.NewForConfig(json)),
		dynamic:  must(dynamic.NewForConfig(json)),
		metadata: must(metadata.NewForConfig(metadata.ConfigFor(protobuf))),
	}
	all.discovery = memory.NewMemCacheClient(all.json.Discovery())
	all.mapper = restmapper.NewDeferredDiscoveryRESTMapper(all.discovery)
	resolver := scale.NewDiscoveryScaleKindResolver(all.discovery)
	all.scales = must(scale.NewForConfig(json, all.mapper, dynamic.LegacyAPIPathResolverFunc, resolver))
	return all
}

func (c *clients) run(ctx context.Context) {
	check("discovery and REST mapper", c.mapping)
	check("typed objects in protobuf", func() error { return c.typedObjects(ctx) })
	check("informers of every listable kind", func() error { return c.everyInformer(ctx) })
	check("informer follows changes", func() error { return c.informer(ctx) })
	check("metadata and dynamic informers", func() error { return c.otherInformers(ctx) })
	check("server-side apply", func() error { return c.apply(ctx) })
	check("patches", func() error { return c.patches(ctx) })
	check("scale client", func() error { return c.scale(ctx) })
	check("leader election", func() error { return c.leaderElection(ctx) })
	check("conflicts are retried", func() error { return c.conflicts(ctx) })
	check("pages of a long list", func() error { return c.pages(ctx) })
	check("retry watcher", func() error { return c.retryWatcher(ctx) })
	check("events", func() error { return c.events(ctx) })
	check("collections are deleted", func() error { return c.deleteCollection(ctx) })
	check("custom resources by the dynamic client", func() error { return c.customResources(ctx) })
	check("objects by the metadata client", func() error { return c.metadataObjects(ctx) })
	check("finalizers and owners", func() error { return c.finalizers(ctx) })
	check("logs of a pod that has none", func() error { return c.logs(ctx) })
	check("errors are typed", func() error { return c.errors(ctx) })
	check("OpenAPI", c.openAPI)
}

func (c *clients) mapping() error {
	groups, resources, err := c.discovery.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	if len(groups) < 15 || len(resources) < 15 {
		return fmt.Errorf("%d groups, %d resource lists", len(groups), len(resources))
	}
	mapping, err := c.mapper.RESTMapping(schema.GroupKind{Group: "apps", Kind: "Deployment"})
	if err != nil {
		return err
	}
	version, err := c.discovery.ServerVersion()
	if err != nil {
		return err
	}
	return expect(mapping.Resource.Version == "v1" && version.Minor == "36", "%v %v", mapping.Resource, version)
}

func (c *clients) typedObjects(ctx context.Context) error {
	api := c.typed.AppsV1().Deployments(c.namespace)
	made, err := api.Create(ctx, deployment("typed"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if err := expect(*made.Spec.Replicas == 1 && made.Generation == 1 && made.UID != "", "%+v", made.Spec); err != nil {
		return err
	}
	replicas := int32(3)
	made.Spec.Replicas = &replicas
	changed, err := api.Update(ctx, made, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	changed.Status.ObservedGeneration = changed.Generation
	changed.Status.Replicas = 3
	status, err := api.UpdateStatus(ctx, changed, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	list, err := api.List(ctx, metav1.ListOptions{LabelSelector: "", FieldSelector: "metadata.name=typed"})
	if err != nil {
		return err
	}
	if err := expect(len(list.Items) == 1 && list.Items[0].Status.Replicas == 3, "list %v", len(list.Items)); err != nil {
		return err
	}
	if err := expect(status.Generation == 2, "generation %d", status.Generation); err != nil {
		return err
	}
	foreground := metav1.DeletePropagationBackground
	uid := status.UID
	return api.Delete(ctx, "typed", metav1.DeleteOptions{PropagationPolicy: &foreground, Preconditions: &metav1.Preconditions{UID: &uid}})
}

// Every kind that can be listed and watched is synced by an informer that streams its list.
func (c *clients) everyInformer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_, lists, err := c.discovery.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactory(c.typed, 0)
	for _, list := range lists {
		version := must(schema.ParseGroupVersion(list.GroupVersion))
		for _, resource := range list.APIResources {
			verbs := sets(resource.Verbs)
			if !verbs["list"] || !verbs["watch"] {
				continue
			}
			informer, err := factory.ForResource(version.WithResource(resource.Name))
			if err != nil {
				continue
			}
			informer.Informer()
		}
	}
	factory.Start(ctx.Done())
	count := 0
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("%v did not sync", kind)
		}
		count++
	}
	cancel()
	factory.Shutdown()
	return expect(count > 40, "only %d kinds", count)
}

func sets(verbs []string) map[string]bool {
	set := map[string]bool{}
	for _, verb := range verbs {
		set[verb] = true
	}
	return set
}

func configMap(name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"k": "v"}}
}

func (c *clients) informer(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	api := c.typed.CoreV1().ConfigMaps(c.namespace)
	if _, err := api.Create(ctx, configMap("before"), metav1.CreateOptions{}); err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactoryWithOptions(c.typed, 0, informers.WithNamespace(c.namespace))
	var added, updated, deleted atomic.Int32
	informer := factory.Core().V1().ConfigMaps().Informer()
	must(informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { added.Add(1) },
		UpdateFunc: func(_, _ any) { updated.Add(1) },
		DeleteFunc: func(any) { deleted.Add(1) },
	}))
	factory.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return fmt.Errorf("no sync")
	}
	for i := range 50 {
		name := fmt.Sprintf("c-%d", i)
		made, err := api.Create(ctx, configMap(name), metav1.CreateOptions{})
		if err != nil {
			return err
		}
		made.Data["k"] = "w"
		if _, err := api.Update(ctx, made, metav1.UpdateOptions{}); err != nil {
			return err
		}
		if err := api.Delete(ctx, name, metav1.DeleteOptions{}); err != nil {
			return err
		}
	}
	deadline := time.Now().Add(5 * time.Second)
	for deleted.Load() < 50 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	return expect(added.Load() == 51 && updated.Load() == 50 && deleted.Load() == 50, "added %d updated %d deleted %d", added.Load(), updated.Load(), deleted.Load())
}

func (c *clients) otherInformers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	resource := schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}
	byMetadata := metadatainformer.NewFilteredSharedInformerFactory(c.metadata, 0, c.namespace, nil)
	dynamically := dynamicinformer.NewFilteredDynamicSharedInformerFactory(c.dynamic, 0, c.namespace, nil)
	meta, whole := byMetadata.ForResource(resource).Informer(), dynamically.ForResource(resource).Informer()
	byMetadata.Start(ctx.Done())
	dynamically.Start(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), meta.HasSynced, whole.HasSynced) {
		return fmt.Errorf("no sync")
	}
	item, found, err := meta.GetStore().GetByKey(c.namespace + "/before")
	if err != nil || !found {
		return fmt.Errorf("metadata of the object: %v %v", found, err)
	}
	partial := item.(*metav1.PartialObjectMetadata)
	if err := expect(partial.Name == "before" && partial.UID != "", "%+v", partial); err != nil {
		return err
	}
	item, found, err = whole.GetStore().GetByKey(c.namespace + "/before")
	if err != nil || !found {
		return fmt.Errorf("object: %v %v", found, err)
	}
	value, _, _ := unstructured.NestedString(item.(*unstructured.Unstructured).Object, "data", "k")
	return expect(value == "v", "data.k = %q", value)
}
