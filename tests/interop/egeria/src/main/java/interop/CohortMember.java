package interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.odpi.openmetadata.adminservices.configuration.properties.CohortConfig;
import org.odpi.openmetadata.adminservices.configuration.properties.CohortTopicStructure;
import org.odpi.openmetadata.adminservices.configuration.properties.LocalRepositoryConfig;
import org.odpi.openmetadata.adminservices.configuration.properties.RepositoryServicesConfig;
import org.odpi.openmetadata.adapters.eventbus.topic.kafka.KafkaOpenMetadataTopicProvider;
import org.odpi.openmetadata.commonservices.multitenant.OMAGServerPlatformInstanceMap;
import org.odpi.openmetadata.frameworks.auditlog.ComponentDevelopmentStatus;
import org.odpi.openmetadata.repositoryservices.admin.OMRSConfigurationFactory;
import org.odpi.openmetadata.repositoryservices.admin.OMRSOperationalServices;
import org.odpi.openmetadata.repositoryservices.rest.server.spring.LocalRepositoryServicesResource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.Configuration;

/**
 * An Egeria metadata server in one process: repository in memory, one cohort on Kafka, repository services over REST.
 *
 * <p>Options are pairs of {@code --name value}: {@code server}, {@code port}, {@code kafka}, {@code cohort}, and if
 * wanted {@code collection} (id of the metadata collection) and {@code topics} (first part of the topic names).
 *
 * <p>What has to outlive the process lies in the working directory: Egeria's registry file of the cohort, and
 * {@code configuration.json}, made at the first start. SIGTERM takes the server out of
 * the cohort for the time being; for good is the REST call {@code metadata-highway/cohorts/{cohort}/unregister}.
 */
@Configuration
@EnableAutoConfiguration
@ComponentScan(basePackageClasses = LocalRepositoryServicesResource.class)
public class CohortMember {
    static final String OPERATOR = "operator";
    private static final String SERVER_TYPE = "Metadata Access Store";
    private static final Set<String> NEEDED = Set.of("server", "port", "kafka", "cohort");

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = options(arguments);
        RepositoryServicesConfig configuration = kept(Path.of("configuration.json"), options);

        new SpringApplicationBuilder(CohortMember.class)
                .properties(Map.of("server.address", "127.0.0.1", "server.port", options.get("port")))
                .registerShutdownHook(false) // REST ends after the cohort has been left, not beside it
                .run();
        OMRSOperationalServices services = start(options, configuration);

        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            services.disconnect(false);
            stopped.countDown();
        }));
        String collection = configuration.getLocalRepositoryConfig().getMetadataCollectionId();
        System.out.println("MEMBER READY " + options.get("server") + " " + collection);
        stopped.await();
    }

    static OMRSOperationalServices start(Map<String, String> options, RepositoryServicesConfig configuration)
            throws Exception {
        String server = options.get("server");
        String url = url(options);
        OMRSOperationalServices services =
                new OMRSOperationalServices(server, SERVER_TYPE, "Egeria", OPERATOR, null, url, 1000);
        services.initializeAuditLog(configuration, SERVER_TYPE);
        services.initializeCohortMember(configuration);
        // Nothing goes to the cohort before there is somebody to ask whether it may.
        services.setSecurityVerifier(new OMAGServerPlatformInstanceMap().startUpServerInstance(OPERATOR, server,
                services.getAuditLog(9001, ComponentDevelopmentStatus.STABLE, "interop", "the interop tests", ""), null));
        services.getEnterpriseOMRSTopicConnector().start();
        return services;
    }

    /** The configuration of this member as its first start made it. Among what must not change are random ids: that of
     * the metadata collection, and those of its Kafka consumers, which go on where they were. */
    static RepositoryServicesConfig kept(Path file, Map<String, String> options) throws IOException {
        ObjectMapper json = new ObjectMapper();
        if (Files.notExists(file)) {
            json.writeValue(file.toFile(), configuration(options, url(options)));
        }
        return json.readValue(file.toFile(), RepositoryServicesConfig.class);
    }

    private static String url(Map<String, String> options) {
        return "http://127.0.0.1:" + options.get("port");
    }

    private static RepositoryServicesConfig configuration(Map<String, String> options, String url) {
        OMRSConfigurationFactory defaults = new OMRSConfigurationFactory();
        String server = options.get("server");

        LocalRepositoryConfig repository = defaults.getInMemoryLocalRepositoryConfig(server, url);
        if (options.containsKey("collection")) {
            repository.setMetadataCollectionId(options.get("collection"));
        }
        repository.setMetadataCollectionName(server);

        Map<String, Object> bus = new HashMap<>();
        bus.put("producer", new HashMap<>(Map.of("bootstrap.servers", options.get("kafka"))));
        bus.put("consumer", new HashMap<>(Map.of("bootstrap.servers", options.get("kafka"))));
        CohortConfig cohort = defaults.getDefaultCohortConfig(server, options.get("cohort"),
                CohortTopicStructure.DEDICATED_TOPICS, null, KafkaOpenMetadataTopicProvider.class.getName(),
                options.getOrDefault("topics", "egeria.omag"), UUID.randomUUID().toString(), bus);

        RepositoryServicesConfig whole = defaults.getDefaultRepositoryServicesConfig();
        whole.setLocalRepositoryConfig(repository);
        whole.setEnterpriseAccessConfig(defaults.getDefaultEnterpriseAccessConfig(server, UUID.randomUUID().toString()));
        whole.setCohortConfigList(new ArrayList<>(List.of(cohort)));
        return whole;
    }

    static Map<String, String> options(String[] arguments) {
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            options.put(arguments[i].replaceFirst("^--", ""), arguments[i + 1]);
        }
        if (arguments.length % 2 != 0 || !options.keySet().containsAll(NEEDED)) {
            System.err.println("needed: --server NAME --port PORT --kafka HOST:PORT --cohort NAME");
            System.err.println("if wanted: --collection ID --topics ROOT");
            System.exit(64);
        }
        return options;
    }
}
