package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
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
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/pager"
	toolswatch "k8s.io/client-go/tools/watch"
	"k8s.io/client-go/util/retry"
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

func (c *clients) apply(ctx context.Context) error {
	api := c.typed.CoreV1().ConfigMaps(c.namespace)
	apply := func(manager, key, value string, force bool) (*corev1.ConfigMap, error) {
		config := coreapply.ConfigMap("applied", c.namespace).WithData(map[string]string{key: value})
		return api.Apply(ctx, config, metav1.ApplyOptions{FieldManager: manager, Force: force})
	}
	if _, err := apply("one", "a", "1", false); err != nil {
		return err
	}
	if _, err := apply("two", "b", "2", false); err != nil {
		return err
	}
	if _, err := apply("two", "a", "2", false); !apierrors.IsConflict(err) {
		return fmt.Errorf("a conflict was expected: %v", err)
	}
	forced, err := apply("two", "a", "2", true)
	if err != nil {
		return err
	}
	if err := expect(forced.Data["a"] == "2" && forced.Data["b"] == "", "%v", forced.Data); err != nil {
		return err
	}
	extracted, err := coreapply.ExtractConfigMap(forced, "two")
	if err != nil {
		return err
	}
	if err := expect(extracted.Data["a"] == "2", "extracted %v", extracted.Data); err != nil {
		return err
	}
	workload := appsapply.Deployment("applied", c.namespace).WithSpec(appsapply.DeploymentSpec().WithReplicas(2))
	_, err = c.typed.AppsV1().Deployments(c.namespace).Apply(ctx, workload, metav1.ApplyOptions{FieldManager: "one"})
	return expect(apierrors.IsInvalid(err), "a deployment without a selector: %v", err)
}

func (c *clients) patches(ctx context.Context) error {
	api := c.typed.CoreV1().ConfigMaps(c.namespace)
	for kind, patch := range map[types.PatchType]string{
		types.StrategicMergePatchType: `{"data":{"s":"1"}}`,
		types.MergePatchType:          `{"data":{"m":"1"}}`,
		types.JSONPatchType:           `[{"op":"add","path":"/data/j","value":"1"}]`,
	} {
		if _, err := api.Patch(ctx, "before", kind, []byte(patch), metav1.PatchOptions{}); err != nil {
			return err
		}
	}
	patched, err := api.Get(ctx, "before", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return expect(len(patched.Data) == 4, "%v", patched.Data)
}

func (c *clients) scale(ctx context.Context) error {
	if _, err := c.typed.AppsV1().Deployments(c.namespace).Create(ctx, deployment("scaled"), metav1.CreateOptions{}); err != nil {
		return err
	}
	resource := schema.GroupResource{Group: "apps", Resource: "deployments"}
	present, err := c.scales.Scales(c.namespace).Get(ctx, resource, "scaled", metav1.GetOptions{})
	if err != nil {
		return err
	}
	present.Spec.Replicas = 7
	if _, err := c.scales.Scales(c.namespace).Update(ctx, resource, present, metav1.UpdateOptions{}); err != nil {
		return err
	}
	typed, err := c.typed.AppsV1().Deployments(c.namespace).UpdateScale(ctx, "scaled", &autoscalingv1.Scale{
		ObjectMeta: metav1.ObjectMeta{Name: "scaled", Namespace: c.namespace},
		Spec:       autoscalingv1.ScaleSpec{Replicas: 9},
	}, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	return expect(typed.Spec.Replicas == 9 && typed.Status.Selector == "app=scaled", "%+v", typed)
}

func (c *clients) leaderElection(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	var leading, most atomic.Int32
	var terms sync.WaitGroup
	for i := range 3 {
		terms.Add(1)
		lock := must(resourcelock.New(resourcelock.LeasesResourceLock, c.namespace, "leader", c.typed.CoreV1(), c.typed.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: fmt.Sprint(i)}))
		term, stop := context.WithCancel(ctx)
		go leaderelection.RunOrDie(term, leaderelection.LeaderElectionConfig{
			Lock: lock, LeaseDuration: 4 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: 200 * time.Millisecond, ReleaseOnCancel: true,
			Callbacks: leaderelection.LeaderCallbacks{
				OnStartedLeading: func(context.Context) {
					most.Store(max(most.Load(), leading.Add(1)))
					time.Sleep(300 * time.Millisecond)
					leading.Add(-1)
					stop()
				},
				OnStoppedLeading: func() { terms.Done() },
			},
		})
	}
	done := make(chan struct{})
	go func() { terms.Wait(); close(done) }()
	select {
	case <-done:
		return expect(most.Load() == 1, "%d led at once", most.Load())
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *clients) conflicts(ctx context.Context) error {
	api := c.typed.CoreV1().ConfigMaps(c.namespace)
	var wait sync.WaitGroup
	failed := make(chan error, 8)
	for i := range 8 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			failed <- retry.RetryOnConflict(retry.DefaultBackoff, func() error {
				object, err := api.Get(ctx, "before", metav1.GetOptions{})
				if err != nil {
					return err
				}
				object.Data[fmt.Sprintf("w-%d", i)] = "1"
				_, err = api.Update(ctx, object, metav1.UpdateOptions{})
				return err
			})
		}()
	}
	wait.Wait()
	close(failed)
	for err := range failed {
		if err != nil && !apierrors.IsConflict(err) {
			return err
		}
	}
	return nil
}

func (c *clients) pages(ctx context.Context) error {
	api := c.typed.CoreV1().Secrets(c.namespace)
	for i := range 25 {
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("s-%d", i)}, Data: map[string][]byte{"k": {0, 1, 2, byte(i)}}}
		if _, err := api.Create(ctx, secret, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	pages := pager.New(pager.SimplePageFunc(func(options metav1.ListOptions) (r runtimeObject, err error) { return api.List(ctx, options) }))
	pages.PageSize = 10
	count := 0
	err := pages.EachListItem(ctx, metav1.ListOptions{}, func(object runtimeObject) error {
		if len(object.(*corev1.Secret).Data["k"]) != 4 {
			return fmt.Errorf("data of %v", object)
		}
		count++
		return nil
	})
	if err != nil {
		return err
	}
	return expect(count == 25, "%d secrets", count)
}

func (c *clients) retryWatcher(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	api := c.typed.CoreV1().ConfigMaps(c.namespace)
	list, err := api.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	timeout := int64(1)
	watcher, err := toolswatch.NewRetryWatcherWithContext(ctx, list.ResourceVersion, &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			options.TimeoutSeconds = &timeout
			options.FieldSelector = fields.OneTermEqualSelector("metadata.name", "watched").String()
			return api.Watch(ctx, options)
		},
	})
	if err != nil {
		return err
	}
	defer watcher.Stop()
	// The first watch has ended by then, and the second must miss nothing.
	time.Sleep(2200 * time.Millisecond)
	if _, err := api.Create(ctx, configMap("watched"), metav1.CreateOptions{}); err != nil {
		return err
	}
	select {
	case event := <-watcher.ResultChan():
		return expect(event.Type == watch.Added, "%v", event)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *clients) events(ctx context.Context) error {
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: c.typed.EventsV1()})
	if err := broadcaster.StartRecordingToSinkWithContext(ctx); err != nil {
		return err
	}
	defer broadcaster.Shutdown()
	object, err := c.typed.CoreV1().ConfigMaps(c.namespace).Get(ctx, "before", metav1.GetOptions{})
	if err != nil {
		return err
	}
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("ConfigMap"))
	recorder := broadcaster.NewRecorder(scheme, "kedge.test/client")
	for range 3 {
		recorder.Eventf(object, nil, corev1.EventTypeNormal, "Tried", "Trying", "a note")
	}
	deadline := time.Now().Add(8 * time.Second)
	for time.Now().Before(deadline) {
		list, err := c.typed.CoreV1().Events(c.namespace).List(ctx, metav1.ListOptions{FieldSelector: "reason=Tried,involvedObject.name=before"})
		if err != nil {
			return err
		}
		if len(list.Items) == 1 {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("no event")
}

func (c *clients) deleteCollection(ctx context.Context) error {
	api := c.typed.CoreV1().Secrets(c.namespace)
	if err := api.DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{}); err != nil {
		return err
	}
	list, err := api.List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	return expect(len(list.Items) == 0, "%d left", len(list.Items))
}

func (c *clients) errors(ctx context.Context) error {
	api := c.typed.CoreV1().ConfigMaps(c.namespace)
	_, missing := api.Get(ctx, "none", metav1.GetOptions{})
	_, twice := api.Create(ctx, configMap("before"), metav1.CreateOptions{})
	_, invalid := api.Create(ctx, configMap("Not A Name"), metav1.CreateOptions{})
	_, late := api.List(ctx, metav1.ListOptions{ResourceVersion: "9999999999", ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan})
	ok := apierrors.IsNotFound(missing) && apierrors.IsAlreadyExists(twice) && apierrors.IsInvalid(invalid) && apierrors.IsTimeout(late)
	return expect(ok, "%v, %v, %v, %v", missing, twice, invalid, late)
}

func (c *clients) openAPI() error {
	paths, err := c.discovery.OpenAPIV3().Paths()
	if err != nil {
		return err
	}
	text, err := paths["apis/apps/v1"].Schema("application/json")
	if err != nil {
		return err
	}
	return expect(len(text) > 10_000, "%d bytes", len(text))
}
