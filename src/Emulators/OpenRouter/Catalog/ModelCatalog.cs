using System.Collections.Frozen;
using System.Text.Json;
using Emulators.OpenRouter.Wire;

namespace Emulators.OpenRouter.Catalog;

/// <summary>What can be asked, and at which price, now. It can be changed while the emulator runs; a call keeps the prices it began with.</summary>
public sealed class ModelCatalog
{
    readonly Lock changing = new();
    readonly HashSet<string> gone = [];
    volatile Snapshot now;

    internal ModelCatalog(IEnumerable<CatalogModel> models) => now = new Snapshot([.. models]);

    public IReadOnlyList<CatalogModel> All => now.Models;

    /// <param name="id">An id or a canonical slug.</param>
    /// <returns>Null when there is no such model (any more).</returns>
    public CatalogModel? Find(string id) => now.ById.GetValueOrDefault(id);

    /// <summary>Whether that model was in the catalog and has been removed.</summary>
    public bool WasRemoved(string id)
    {
        lock (changing) return gone.Contains(id);
    }

    /// <summary>Adds a model, or puts it in the place of the one with its id.</summary>
    public void Put(CatalogModel model)
    {
        lock (changing)
        {
            gone.Remove(model.Id);
            now = new Snapshot(now.ById.ContainsKey(model.Id) ? [.. now.Models.Select(m => m.Id == model.Id ? model : m)] : [.. now.Models, model]);
        }
    }

    public bool Remove(string id)
    {
        lock (changing)
        {
            if (!now.Models.Any(m => m.Id == id)) return false;
            gone.Add(id);
            now = new Snapshot([.. now.Models.Where(m => m.Id != id)]);
            return true;
        }
    }

    /// <summary>The bytes of a whole list, made once for each state of the catalog.</summary>
    internal ReadOnlyMemory<byte> DefaultList => now.DefaultList.Value;

    sealed class Snapshot(CatalogModel[] models)
    {
        public IReadOnlyList<CatalogModel> Models => models;

        public FrozenDictionary<string, CatalogModel> ById { get; } = models
            .SelectMany(m => m.Id == m.BaseId ? new[] { m.Id, m.CanonicalSlug } : [m.Id], (m, name) => (Name: name, Model: m))
            .GroupBy(pair => pair.Name).ToFrozenDictionary(g => g.Key, g => g.First().Model);

        public Lazy<ReadOnlyMemory<byte>> DefaultList { get; } =
            new(() => JsonForm.Write(json => WriteTextModels(json, [.. models.Where(m => m.Outputs.Contains("text"))])).WrittenMemory);

        static void WriteTextModels(Utf8JsonWriter json, CatalogModel[] texts) => ModelList.Write(json, texts, texts.Length, next: null);
    }
}
