namespace Routing.Catalog;

/// <summary>The catalog in the memory of this process, as new as half a second ago.</summary>
public sealed class CurrentCatalog(ReadCatalog read) : IFollowsChanges
{
    volatile IReadOnlyList<CatalogModel> models = [];

    public string Part => RoutingVersions.Catalog;

    /// <summary>Never changed: a refresh puts another list in its place.</summary>
    public IReadOnlyList<CatalogModel> Models => models;

    /// <summary>After another list has taken its place, on the thread that read it.</summary>
    public event Action? Changed;

    public async Task RefreshAsync(CancellationToken ct)
    {
        models = await read.RunAsync(ct);
        Changed?.Invoke();
    }
}
