using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Engine.Http;

/// <summary>Strong entity tags over a row's version number: <c>"v3"</c>.</summary>
public static class EntityTag
{
    public static string Of(long version) => $"\"v{version}\"";

    public static void Write(HttpResponse response, long version) => response.Headers.ETag = Of(version);

    /// <summary>Reads <c>If-Match</c>, which an edit must carry, so that nobody overwrites what they have not seen.</summary>
    /// <returns>Null and the version, or why it is refused: 428 when absent, 400 when unreadable.</returns>
    public static ProblemHttpResult? Require(HttpRequest request, out long version)
    {
        version = 0;
        var header = request.Headers.IfMatch.ToString();
        if (header.Length == 0)
            return Refusal.Of("precondition_required", "An edit must carry If-Match with the ETag of what was read.",
                StatusCodes.Status428PreconditionRequired);
        return header is ['"', 'v', .. var digits, '"'] && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out version)
            ? null : Refusal.Invalid("If-Match must be one ETag as it was given out, such as \"v3\".");
    }

    public static ProblemHttpResult Mismatch(long version) => Refusal.Of("version_mismatch",
        $"It has been changed meanwhile and is now at {Of(version)}: read it again and decide anew.", StatusCodes.Status412PreconditionFailed);
}
