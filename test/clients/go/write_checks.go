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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/pager"
	toolswatch "k8s.io/client-go/tools/watch"
	"k8s.io/client-go/util/retry"
)

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
	// Without its retries, of which each waits for the version.
	late := c.typed.CoreV1().RESTClient().Get().MaxRetries(0).Namespace(c.namespace).Resource("configmaps").
		Param("resourceVersion", "9999999999").Param("resourceVersionMatch", "NotOlderThan").Do(ctx).Error()
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
