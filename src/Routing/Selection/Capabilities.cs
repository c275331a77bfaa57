using Routing.Catalog;

namespace Routing.Selection;

/// <summary>What models can do, in the words of a request's needs.</summary>
public static class Capabilities
{
    public static bool Has(CatalogModel model, string need) => need switch
    {
        "image" or "file" or "audio" or "video" => model.InputModalities.Contains(need),
        "image_output" => model.OutputModalities.Contains("image"),
        "audio_output" => model.OutputModalities.Contains("audio"),
        "json_schema" => model.Parameters.Contains("structured_outputs") || model.Parameters.Contains("json_schema"),
        "json_object" => model.Parameters.Contains("response_format") || model.Parameters.Contains("structured_outputs"),
        _ => model.Parameters.Contains(need),
    };

    /// <returns>The first need that the model does not meet; null when it meets all.</returns>
    public static string? Missing(CatalogModel model, IReadOnlyCollection<string> needs)
    {
        if (needs.Count == 0) return null;
        foreach (var need in needs)
            if (!Has(model, need)) return need;
        return null;
    }
}
