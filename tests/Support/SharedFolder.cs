namespace Support;

/// <summary>Data that lies beside the checkout and is no part of it: the folder that <c>ENGINE_SHARED</c> names, or <c>shared</c> next to a folder above.</summary>
public static class SharedFolder
{
    /// <returns>Null when it is not there: what needs it is skipped.</returns>
    public static string? Find(string name)
    {
        if (Environment.GetEnvironmentVariable("ENGINE_SHARED") is { Length: > 0 } named) return Existing(named, name);
        for (var folder = new DirectoryInfo(RepositoryFile.Path()).Parent; folder is not null; folder = folder.Parent)
            if (Existing(Path.Combine(folder.FullName, "shared"), name) is { } found) return found;
        return null;
    }

    static string? Existing(string folder, string name) => Directory.Exists(Path.Combine(folder, name)) ? Path.Combine(folder, name) : null;
}

/// <summary>A fact over data that lies beside the checkout: skipped where it does not.</summary>
public sealed class FactOnSharedAttribute : FactAttribute
{
    public FactOnSharedAttribute(string name)
    {
        if (SharedFolder.Find(name) is null) Skip = $"there is no shared/{name} beside the checkout, and ENGINE_SHARED names none";
    }
}
