namespace Engine.Tests.Database;

/// <summary>Scripts in the place of PostgreSQL's programs.</summary>
static class FakeBinaries
{
    public static async Task<string> MakeAsync(EmbeddedScratch scratch, string version, string initdb = "exit 0")
    {
        var folder = Path.Combine(Path.GetDirectoryName(scratch.Folder.Root)!, "bin-" + version);
        Directory.CreateDirectory(folder);
        foreach (var (name, body) in new[] { ("postgres", $"echo 'postgres (PostgreSQL) {version} (made up)'"), ("initdb", initdb), ("pg_ctl", "exit 1") })
        {
            var file = Path.Combine(folder, name);
            await File.WriteAllTextAsync(file, $"#!/bin/sh\n{body}\n");
            File.SetUnixFileMode(file, (UnixFileMode)493); // rwxr-xr-x
        }
        return folder;
    }
}
