import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceBuilder;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.SecretBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinition;
import io.fabric8.kubernetes.api.model.apiextensions.v1.CustomResourceDefinitionBuilder;
import io.fabric8.kubernetes.api.model.apiextensions.v1.JSONSchemaPropsBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.CustomResourceDefinitionContext;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderCallbacks;
import io.fabric8.kubernetes.client.extended.leaderelection.LeaderElectionConfigBuilder;
import io.fabric8.kubernetes.client.extended.leaderelection.resourcelock.LeaseLock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Drives a cluster through the fabric8 client, whose watches are WebSockets. Exits 1 when a check failed. */
public final class Main {
  private static int failures;

  private interface Check {
    void run() throws Exception;
  }

  private static void check(String name, Check check) {
    try {
      check.run();
      System.out.println("ok   " + name);
    } catch (Throwable error) {
      failures++;
      System.out.println("FAIL " + name + ": " + error);
    }
  }

  private static void expect(boolean ok, Object what) {
    if (!ok) throw new AssertionError(what);
  }

  private static void until(BooleanSupplier condition, Object what) throws InterruptedException {
    for (int i = 0; i < 500 && !condition.getAsBoolean(); i++) Thread.sleep(10);
    expect(condition.getAsBoolean(), what);
  }

  private static ConfigMap configMap(String name, String value) {
    return new ConfigMapBuilder().withNewMetadata().withName(name).endMetadata().addToData("k", value).build();
  }

  private static CustomResourceDefinition sprockets() {
    var teeth = new JSONSchemaPropsBuilder().withType("integer").withMinimum(3.0).build();
    var spec = new JSONSchemaPropsBuilder().withType("object").addToProperties("teeth", teeth).build();
    return new CustomResourceDefinitionBuilder()
        .withNewMetadata().withName("sprockets.java.kedge.test").endMetadata()
        .withNewSpec().withGroup("java.kedge.test").withScope("Namespaced")
        .withNewNames().withPlural("sprockets").withSingular("sprocket").withKind("Sprocket").endNames()
        .addNewVersion().withName("v1").withServed(true).withStorage(true)
        .withNewSchema().withNewOpenAPIV3Schema().withType("object").addToProperties("spec", spec).endOpenAPIV3Schema().endSchema()
        .endVersion().endSpec().build();
  }

  private static GenericKubernetesResource sprocket(int teeth) {
    return new GenericKubernetesResourceBuilder().withApiVersion("java.kedge.test/v1").withKind("Sprocket")
        .withNewMetadata().withName("s").endMetadata()
        .addToAdditionalProperties("spec", Map.of("teeth", teeth)).build();
  }

  public static void main(String[] arguments) {
    try (KubernetesClient client = new KubernetesClientBuilder().build()) {
      var fresh = new NamespaceBuilder().withNewMetadata().withGenerateName("fabric8-").endMetadata().build();
      String namespace = client.namespaces().resource(fresh).create().getMetadata().getName();
      var configMaps = client.configMaps().inNamespace(namespace);
      check("typed objects and scale", () -> {
        var deployment = new DeploymentBuilder()
            .withNewMetadata().withName("d").endMetadata()
            .withNewSpec().withNewSelector().addToMatchLabels("a", "b").endSelector()
            .withNewTemplate().withNewMetadata().addToLabels("a", "b").endMetadata()
            .withNewSpec().addNewContainer().withName("c").withImage("example/c").endContainer().endSpec()
            .endTemplate().endSpec().build();
        var api = client.apps().deployments().inNamespace(namespace);
        expect(api.resource(deployment).create().getSpec().getReplicas() == 1, "replicas");
        expect(api.withName("d").scale().getSpec().getReplicas() == 1, "scale");
        var edited = api.withName("d").edit(d -> new DeploymentBuilder(d).editSpec().withReplicas(2).endSpec().build());
        expect(edited.getMetadata().getGeneration() == 2, edited.getMetadata());
      });
      check("server-side apply and patches", () -> {
        configMaps.resource(configMap("a", "1")).serverSideApply();
        var patched = configMaps.withName("a").patch(PatchContext.of(PatchType.JSON_MERGE), "{\"data\":{\"m\":\"1\"}}");
        expect(patched.getData().equals(Map.of("k", "1", "m", "1")), patched.getData());
      });
      check("watch over a WebSocket", () -> {
        List<String> seen = new CopyOnWriteArrayList<>();
        var watch = configMaps.watch(new Watcher<ConfigMap>() {
          @Override
          public void eventReceived(Action action, ConfigMap object) {
            seen.add(action + " " + object.getMetadata().getName());
          }

          @Override
          public void onClose(WatcherException cause) {}
        });
        try (watch) {
          configMaps.resource(configMap("w", "1")).create();
          configMaps.withName("w").delete();
          until(() -> seen.contains("DELETED w"), seen);
        }
        expect(seen.contains("ADDED w"), seen);
      });
      check("informer", () -> {
        try (var informer = configMaps.inform()) {
          until(() -> informer.getStore().getByKey(namespace + "/a") != null, "the first list");
          configMaps.resource(configMap("i", "1")).create();
          until(() -> informer.getStore().getByKey(namespace + "/i") != null, "an addition");
          configMaps.withName("i").delete();
          until(() -> informer.getStore().getByKey(namespace + "/i") == null, "a deletion");
        }
      });
      check("pages", () -> {
        for (int i = 0; i < 7; i++) {
          client.secrets().inNamespace(namespace)
              .resource(new SecretBuilder().withNewMetadata().withName("s-" + i).endMetadata().addToStringData("a", "b").build())
              .create();
        }
        List<String> names = new ArrayList<>();
        String token = null;
        do {
          var page = client.secrets().inNamespace(namespace)
              .list(new ListOptionsBuilder().withLimit(3L).withContinue(token).build());
          page.getItems().forEach(item -> names.add(item.getMetadata().getName()));
          token = page.getMetadata().getContinue();
        } while (token != null && !token.isEmpty());
        expect(names.size() == 7, names);
      });
      check("every type of patch", () -> {
        configMaps.resource(configMap("p", "1")).create();
        var patched = configMaps.withName("p");
        patched.patch(PatchContext.of(PatchType.JSON), "[{\"op\":\"add\",\"path\":\"/data/j\",\"value\":\"1\"}]");
        patched.patch(PatchContext.of(PatchType.STRATEGIC_MERGE), "{\"data\":{\"s\":\"1\"}}");
        var data = patched.edit(object -> new ConfigMapBuilder(object).addToData("e", "1").build()).getData();
        expect(data.keySet().equals(Set.of("k", "j", "s", "e")), data);
      });
      check("conflicts of managers", () -> {
        configMaps.resource(configMap("m", "1")).fieldManager("one").serverSideApply();
        try {
          configMaps.resource(configMap("m", "2")).fieldManager("two").serverSideApply();
          throw new AssertionError("409 was expected");
        } catch (KubernetesClientException error) {
          expect(error.getCode() == 409 && "Conflict".equals(error.getStatus().getReason()), error);
        }
        var forced = configMaps.resource(configMap("m", "2")).fieldManager("two").forceConflicts().serverSideApply();
        expect("2".equals(forced.getData().get("k")), forced.getData());
      });
      check("finalizers and owners", () -> {
        var owner = configMaps.resource(configMap("owner", "1")).create();
        var owned = new ConfigMapBuilder().withNewMetadata().withName("owned").addToFinalizers("example.org/hold")
            .addNewOwnerReference().withApiVersion("v1").withKind("ConfigMap").withName("owner")
            .withUid(owner.getMetadata().getUid()).withController(true).endOwnerReference().endMetadata().build();
        configMaps.resource(owned).create();
        configMaps.withName("owned").delete();
        var held = configMaps.withName("owned").get();
        expect(held.isMarkedForDeletion() && held.hasOwnerReferenceFor(owner), held.getMetadata());
        configMaps.withName("owned").edit(object -> {
          object.removeFinalizer("example.org/hold");
          return object;
        });
        expect(configMaps.withName("owned").get() == null, "the object is gone");
      });
      check("leader election", () -> {
        var led = new CountDownLatch(1);
        var lock = new LeaseLock(namespace, "leader", "one");
        var elector = client.leaderElector().withConfig(new LeaderElectionConfigBuilder()
            .withName("leader").withLock(lock).withReleaseOnCancel(true)
            .withLeaseDuration(Duration.ofSeconds(4)).withRenewDeadline(Duration.ofSeconds(3))
            .withRetryPeriod(Duration.ofMillis(200))
            .withLeaderCallbacks(new LeaderCallbacks(led::countDown, () -> {}, leader -> {})).build()).build();
        var term = elector.start();
        expect(led.await(10, TimeUnit.SECONDS), "nobody leads");
        term.cancel(true);
        var leases = client.leases().inNamespace(namespace);
        until(() -> {
          var holder = leases.withName("leader").get().getSpec().getHolderIdentity();
          return holder == null || holder.isEmpty();
        }, "the lease is released");
      });
      check("custom resources", () -> {
        var definition = client.apiextensions().v1().customResourceDefinitions().resource(sprockets()).create();
        try {
          client.resource(definition).waitUntilCondition(d -> d != null && d.getStatus() != null
              && d.getStatus().getConditions().stream().anyMatch(c -> c.getType().equals("Established") && c.getStatus().equals("True")),
              10, TimeUnit.SECONDS);
          var custom = client.genericKubernetesResources(CustomResourceDefinitionContext.fromCrd(definition)).inNamespace(namespace);
          var made = custom.resource(sprocket(12)).create();
          expect(Integer.valueOf(12).equals(made.get("spec", "teeth")), made);
          try {
            custom.resource(sprocket(1)).update();
            throw new AssertionError("422 was expected");
          } catch (KubernetesClientException error) {
            expect(error.getCode() == 422, error);
          }
          expect(custom.list().getItems().size() == 1, "one object");
        } finally {
          client.resource(definition).delete();
        }
      });
      check("logs of a pod that has none", () -> {
        try {
          client.pods().inNamespace(namespace).withName("none").getLog();
          throw new AssertionError("404 was expected");
        } catch (KubernetesClientException error) {
          expect(error.getCode() == 404, error);
        }
      });
      check("generic objects and errors", () -> {
        var generic = client.genericKubernetesResources("v1", "ConfigMap").inNamespace(namespace).withName("a").get();
        expect(generic.get("data", "k").equals("1"), generic);
        try {
          configMaps.resource(configMap("a", "1")).create();
          throw new AssertionError("409 was expected");
        } catch (KubernetesClientException error) {
          expect(error.getCode() == 409 && "AlreadyExists".equals(error.getStatus().getReason()), error);
        }
      });
      client.namespaces().withName(namespace).delete();
    }
    System.out.println(failures + " failed");
    System.exit(failures > 0 ? 1 : 0);
  }
}
