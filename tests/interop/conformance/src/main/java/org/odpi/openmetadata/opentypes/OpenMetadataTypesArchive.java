package org.odpi.openmetadata.opentypes;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.odpi.openmetadata.repositoryservices.connectors.stores.archivestore.properties.OpenMetadataArchive;

/**
 * Stands before Egeria's class of this name, from which every server takes the open metadata types: the types come
 * from the archive that the system property {@code types} names. So a server can be had that knows only some of them;
 * the suite tries every type that it or the server under test knows.
 */
public class OpenMetadataTypesArchive {
    private final OpenMetadataArchive archive;

    public OpenMetadataTypesArchive() {
        try {
            archive = new ObjectMapper().readValue(new File(System.getProperty("types")), OpenMetadataArchive.class);
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
    }

    public String getArchiveGUID() {
        return archive.getArchiveProperties().getArchiveGUID();
    }

    public OpenMetadataArchive getOpenMetadataArchive() {
        return archive;
    }
}
