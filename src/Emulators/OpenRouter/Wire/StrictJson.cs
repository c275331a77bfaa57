using System.Text.Json;
using System.Text.Json.Serialization;

namespace Emulators.OpenRouter.Wire;

/// <summary>How what people write for the emulator is read: snake_case, and no member that is not known.</summary>
static class StrictJson
{
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };
}
