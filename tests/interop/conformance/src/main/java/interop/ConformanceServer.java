package interop;

import java.nio.file.Path;
import java.util.Map;

import org.odpi.openmetadata.adminservices.configuration.properties.ConformanceSuiteConfig;
import org.odpi.openmetadata.adminservices.configuration.properties.RepositoryConformanceWorkbenchConfig;
import org.odpi.openmetadata.conformance.rest.ProfileNameListResponse;
import org.odpi.openmetadata.conformance.rest.ProfileReportResponse;
import org.odpi.openmetadata.conformance.rest.TestCaseListReportResponse;
import org.odpi.openmetadata.conformance.rest.TestCaseListResponse;
import org.odpi.openmetadata.conformance.rest.TestCaseReportResponse;
import org.odpi.openmetadata.conformance.rest.TestLabSummaryResponse;
import org.odpi.openmetadata.conformance.rest.WorkbenchStatusResponse;
import org.odpi.openmetadata.conformance.server.ConformanceSuiteOperationalServices;
import org.odpi.openmetadata.conformance.server.ConformanceSuiteTestLabServices;
import org.odpi.openmetadata.frameworks.auditlog.ComponentDevelopmentStatus;
import org.odpi.openmetadata.repositoryservices.admin.OMRSOperationalServices;
import org.odpi.openmetadata.repositoryservices.rest.server.spring.LocalRepositoryServicesResource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * A cohort member that runs Egeria's repository conformance workbench against another member of its cohort.
 *
 * <p>Options are those of {@link CohortMember}, and {@code tut} (name of the server under test), {@code results} (the
 * largest number of results it asks for). It begins when that server has registered; how far it is and what it found
 * is asked by REST.
 */
@Configuration
@EnableAutoConfiguration
@ComponentScan(basePackageClasses = LocalRepositoryServicesResource.class)
@Import(ConformanceServer.Reports.class)
public class ConformanceServer {
    private static final int LARGEST_PAGE = 1000;

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = CohortMember.options(arguments);
        String server = options.get("server");

        new SpringApplicationBuilder(ConformanceServer.class)
                .properties(Map.of("server.address", "127.0.0.1", "server.port", options.get("port")))
                .run();
        OMRSOperationalServices services =
                CohortMember.start(options, CohortMember.kept(Path.of("configuration.json"), options));
        new ConformanceSuiteOperationalServices(server, CohortMember.OPERATOR, null, LARGEST_PAGE)
                .initialize(suite(options), services.getEnterpriseOMRSTopicConnector(),
                        services.getEnterpriseConnectorManager(),
                        services.getAuditLog(9002, ComponentDevelopmentStatus.STABLE, "suite", "the suite", ""));
        System.out.println("CONFORMANCE SERVER READY " + server);
        Thread.currentThread().join();
    }

    private static ConformanceSuiteConfig suite(Map<String, String> options) {
        RepositoryConformanceWorkbenchConfig workbench = new RepositoryConformanceWorkbenchConfig();
        workbench.setTutRepositoryServerName(options.get("tut"));
        workbench.setMaxSearchResults(Integer.parseInt(options.get("results")));
        ConformanceSuiteConfig suite = new ConformanceSuiteConfig();
        suite.setRepositoryWorkbenchConfig(workbench);
        return suite;
    }

    /** The suite's reports, under the paths of Egeria's own resource, whose jar is not among those released. */
    @RestController
    @RequestMapping("/servers/{server}/open-metadata/conformance-suite/users/{user}")
    public static class Reports {
        private final ConformanceSuiteTestLabServices lab = new ConformanceSuiteTestLabServices();

        @GetMapping("/status/workbenches/{workbench}")
        public WorkbenchStatusResponse status(@PathVariable String server, @PathVariable String user,
                @PathVariable String workbench) {
            return lab.getWorkbenchStatus(user, server, workbench);
        }

        @GetMapping("/report/summary")
        public TestLabSummaryResponse summary(@PathVariable String server, @PathVariable String user) {
            return lab.getConformanceSummaryReport(user, server);
        }

        @GetMapping("/report/profiles")
        public ProfileNameListResponse profiles(@PathVariable String server, @PathVariable String user) {
            return lab.getProfileNames(user, server);
        }

        @GetMapping("/report/profiles/{profile}")
        public ProfileReportResponse profile(@PathVariable String server, @PathVariable String user,
                @PathVariable String profile) {
            return lab.getProfileReport(user, server, profile);
        }

        @GetMapping("/report/test-cases")
        public TestCaseListResponse cases(@PathVariable String server, @PathVariable String user) {
            return lab.getTestCaseIds(user, server);
        }

        @GetMapping("/report/test-cases/failed")
        public TestCaseListReportResponse failed(@PathVariable String server, @PathVariable String user) {
            return lab.getFailedTestCaseReport(user, server);
        }

        @GetMapping("/report/test-cases/{id}")
        public TestCaseReportResponse testCase(@PathVariable String server, @PathVariable String user,
                @PathVariable String id) {
            return lab.getTestCaseReport(user, server, id);
        }
    }
}
