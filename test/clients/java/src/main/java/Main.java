import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ConfigMapBuilder;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.Watcher;
import io.fabric8.kubernetes.client.WatcherException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
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
