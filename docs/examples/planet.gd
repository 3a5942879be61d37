# The same picture for the same place, for ever (Godot 4). Put this on a Sprite2D and call show_place(Vector3i(12, -7, 3)).
# LAST: `last` in api/v1/<collection>/index.json on the day the game is released; keep it, see docs/api.md.
extends Sprite2D

const GALLERY := "https://example.org/gallery/"
const COLLECTION := "planets"
const LAST := 1000


# A whole number below 2^32 from any whole numbers: FNV-1a over their bytes, 32 bits each; the same as in planet.mjs.
static func place_hash(coordinates: Array[int]) -> int:
	var value := 0x811c9dc5
	for coordinate in coordinates:
		for shift in [0, 8, 16, 24]:
			value = ((value ^ ((coordinate >> shift) & 0xff)) * 0x01000193) & 0xffffffff
	return value


func show_place(place: Vector3i) -> void:
	var number := 1 + place_hash([place.x, place.y, place.z]) % LAST
	var request := HTTPRequest.new()
	add_child(request)
	request.request_completed.connect(_on_picture.bind(request))
	request.request("%s%s/%d.jpg" % [GALLERY, COLLECTION, number])


func _on_picture(result: int, code: int, _headers: PackedStringArray, body: PackedByteArray, request: HTTPRequest) -> void:
	request.queue_free()
	if result != HTTPRequest.RESULT_SUCCESS or code != 200:
		return
	var image := Image.new()
	if image.load_jpg_from_buffer(body) == OK:
		texture = ImageTexture.create_from_image(image)
