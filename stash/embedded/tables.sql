-- The embedded Stash's own tables. Texts that are empty are NULL; dates and times are text, as they are compared.

CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE folder (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE,
    parent_id INTEGER REFERENCES folder (id) ON DELETE SET NULL,
    mod_time TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);

CREATE TABLE file (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('image', 'video', 'gallery', 'basic')),
    folder_id INTEGER NOT NULL REFERENCES folder (id),
    basename TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    path_key BLOB NOT NULL,
    zip_file_id INTEGER REFERENCES file (id),
    size INTEGER NOT NULL,
    mod_time TEXT NOT NULL,
    format TEXT,
    width INTEGER,
    height INTEGER,
    duration REAL,
    video_codec TEXT,
    audio_codec TEXT,
    frame_rate REAL,
    bit_rate INTEGER,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX file_folder ON file (folder_id);
CREATE INDEX file_basename ON file (basename);

CREATE TABLE fingerprint (
    file_id INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
    type TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (file_id, type)
) WITHOUT ROWID;
CREATE INDEX fingerprint_value ON fingerprint (value, type);

CREATE TABLE tag (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    sort_name TEXT,
    description TEXT,
    favorite INTEGER NOT NULL DEFAULT 0,
    ignore_auto_tag INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX tag_name ON tag (name COLLATE NOCASE);
CREATE TABLE tag_parent (
    parent_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    child_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    PRIMARY KEY (child_id, parent_id)
) WITHOUT ROWID;
CREATE INDEX tag_parent_parent ON tag_parent (parent_id);

CREATE TABLE studio (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    parent_id INTEGER REFERENCES studio (id) ON DELETE SET NULL,
    details TEXT,
    rating INTEGER,
    favorite INTEGER NOT NULL DEFAULT 0,
    ignore_auto_tag INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX studio_name ON studio (name COLLATE NOCASE);

CREATE TABLE performer (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    disambiguation TEXT,
    gender TEXT,
    birthdate TEXT,
    ethnicity TEXT,
    country TEXT,
    eye_color TEXT,
    height_cm INTEGER,
    measurements TEXT,
    fake_tits TEXT,
    penis_length REAL,
    circumcised TEXT,
    career_length TEXT,
    tattoos TEXT,
    piercings TEXT,
    favorite INTEGER NOT NULL DEFAULT 0,
    ignore_auto_tag INTEGER NOT NULL DEFAULT 0,
    rating INTEGER,
    details TEXT,
    death_date TEXT,
    hair_color TEXT,
    weight INTEGER,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX performer_name ON performer (name COLLATE NOCASE);
CREATE TABLE performer_custom_field (
    performer_id INTEGER NOT NULL REFERENCES performer (id) ON DELETE CASCADE,
    field TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (performer_id, field)
) WITHOUT ROWID;

CREATE TABLE gallery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT,
    code TEXT,
    date TEXT,
    details TEXT,
    photographer TEXT,
    rating INTEGER,
    organized INTEGER NOT NULL DEFAULT 0,
    studio_id INTEGER REFERENCES studio (id) ON DELETE SET NULL,
    folder_id INTEGER REFERENCES folder (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX gallery_code ON gallery (code);
CREATE INDEX gallery_studio ON gallery (studio_id);
CREATE TABLE chapter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    gallery_id INTEGER NOT NULL REFERENCES gallery (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    image_index INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX chapter_gallery ON chapter (gallery_id);

CREATE TABLE image (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT,
    code TEXT,
    date TEXT,
    details TEXT,
    photographer TEXT,
    rating INTEGER,
    organized INTEGER NOT NULL DEFAULT 0,
    o_counter INTEGER NOT NULL DEFAULT 0,
    studio_id INTEGER REFERENCES studio (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX image_code ON image (code);
CREATE INDEX image_studio ON image (studio_id);
CREATE TABLE gallery_image (
    gallery_id INTEGER NOT NULL REFERENCES gallery (id) ON DELETE CASCADE,
    image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,
    cover INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (gallery_id, image_id)
) WITHOUT ROWID;
CREATE INDEX gallery_image_image ON gallery_image (image_id);

CREATE TABLE scene (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT,
    code TEXT,
    details TEXT,
    director TEXT,
    date TEXT,
    rating INTEGER,
    organized INTEGER NOT NULL DEFAULT 0,
    resume_time REAL NOT NULL DEFAULT 0,
    play_duration REAL NOT NULL DEFAULT 0,
    studio_id INTEGER REFERENCES studio (id) ON DELETE SET NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX scene_code ON scene (code);
CREATE INDEX scene_studio ON scene (studio_id);
CREATE TABLE scene_gallery (
    scene_id INTEGER NOT NULL REFERENCES scene (id) ON DELETE CASCADE,
    gallery_id INTEGER NOT NULL REFERENCES gallery (id) ON DELETE CASCADE,
    PRIMARY KEY (scene_id, gallery_id)
) WITHOUT ROWID;
CREATE INDEX scene_gallery_gallery ON scene_gallery (gallery_id);
CREATE TABLE scene_play (scene_id INTEGER NOT NULL REFERENCES scene (id) ON DELETE CASCADE, at TEXT NOT NULL);
CREATE INDEX scene_play_scene ON scene_play (scene_id, at);
CREATE TABLE scene_o (scene_id INTEGER NOT NULL REFERENCES scene (id) ON DELETE CASCADE, at TEXT NOT NULL);
CREATE INDEX scene_o_scene ON scene_o (scene_id, at);

-- A picture set by a client: of a performer, studio or tag, or a scene's cover.
CREATE TABLE picture (
    noun TEXT NOT NULL,
    owner_id INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (noun, owner_id)
) WITHOUT ROWID;

CREATE TABLE image_file (
    image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,
    file_id INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
    is_primary INTEGER NOT NULL,
    PRIMARY KEY (image_id, file_id)
);
CREATE INDEX image_file_file ON image_file (file_id);

CREATE TABLE scene_file (
    scene_id INTEGER NOT NULL REFERENCES scene (id) ON DELETE CASCADE,
    file_id INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
    is_primary INTEGER NOT NULL,
    PRIMARY KEY (scene_id, file_id)
);
CREATE INDEX scene_file_file ON scene_file (file_id);

CREATE TABLE gallery_file (
    gallery_id INTEGER NOT NULL REFERENCES gallery (id) ON DELETE CASCADE,
    file_id INTEGER NOT NULL REFERENCES file (id) ON DELETE CASCADE,
    is_primary INTEGER NOT NULL,
    PRIMARY KEY (gallery_id, file_id)
);
CREATE INDEX gallery_file_file ON gallery_file (file_id);

CREATE TABLE image_url (
    image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    url TEXT NOT NULL,
    PRIMARY KEY (image_id, position)
) WITHOUT ROWID;
CREATE INDEX image_url_url ON image_url (url);

CREATE TABLE scene_url (
    scene_id INTEGER NOT NULL REFERENCES scene (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    url TEXT NOT NULL,
    PRIMARY KEY (scene_id, position)
) WITHOUT ROWID;
CREATE INDEX scene_url_url ON scene_url (url);

CREATE TABLE gallery_url (
    gallery_id INTEGER NOT NULL REFERENCES gallery (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    url TEXT NOT NULL,
    PRIMARY KEY (gallery_id, position)
) WITHOUT ROWID;
CREATE INDEX gallery_url_url ON gallery_url (url);

CREATE TABLE performer_url (
    performer_id INTEGER NOT NULL REFERENCES performer (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    url TEXT NOT NULL,
    PRIMARY KEY (performer_id, position)
) WITHOUT ROWID;
CREATE INDEX performer_url_url ON performer_url (url);

CREATE TABLE studio_url (
    studio_id INTEGER NOT NULL REFERENCES studio (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    url TEXT NOT NULL,
    PRIMARY KEY (studio_id, position)
) WITHOUT ROWID;
CREATE INDEX studio_url_url ON studio_url (url);

CREATE TABLE performer_alias (
    performer_id INTEGER NOT NULL REFERENCES performer (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    alias TEXT NOT NULL,
    PRIMARY KEY (performer_id, position)
) WITHOUT ROWID;
CREATE INDEX performer_alias_alias ON performer_alias (alias COLLATE NOCASE);

CREATE TABLE studio_alias (
    studio_id INTEGER NOT NULL REFERENCES studio (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    alias TEXT NOT NULL,
    PRIMARY KEY (studio_id, position)
) WITHOUT ROWID;
CREATE INDEX studio_alias_alias ON studio_alias (alias COLLATE NOCASE);

CREATE TABLE tag_alias (
    tag_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    alias TEXT NOT NULL,
    PRIMARY KEY (tag_id, position)
) WITHOUT ROWID;
CREATE INDEX tag_alias_alias ON tag_alias (alias COLLATE NOCASE);

CREATE TABLE performer_stash_id (
    performer_id INTEGER NOT NULL REFERENCES performer (id) ON DELETE CASCADE,
    endpoint TEXT NOT NULL,
    stash_id TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (performer_id, endpoint)
) WITHOUT ROWID;

CREATE TABLE studio_stash_id (
    studio_id INTEGER NOT NULL REFERENCES studio (id) ON DELETE CASCADE,
    endpoint TEXT NOT NULL,
    stash_id TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (studio_id, endpoint)
) WITHOUT ROWID;

CREATE TABLE tag_stash_id (
    tag_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    endpoint TEXT NOT NULL,
    stash_id TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (tag_id, endpoint)
) WITHOUT ROWID;

CREATE TABLE scene_stash_id (
    scene_id INTEGER NOT NULL REFERENCES scene (id) ON DELETE CASCADE,
    endpoint TEXT NOT NULL,
    stash_id TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (scene_id, endpoint)
) WITHOUT ROWID;

CREATE TABLE image_tag (
    image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,
    tag_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    PRIMARY KEY (image_id, tag_id)
) WITHOUT ROWID;
CREATE INDEX image_tag_tag ON image_tag (tag_id);

CREATE TABLE image_performer (
    image_id INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,
    performer_id INTEGER NOT NULL REFERENCES performer (id) ON DELETE CASCADE,
    PRIMARY KEY (image_id, performer_id)
) WITHOUT ROWID;
CREATE INDEX image_performer_performer ON image_performer (performer_id);

CREATE TABLE scene_tag (
    scene_id INTEGER NOT NULL REFERENCES scene (id) ON DELETE CASCADE,
    tag_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    PRIMARY KEY (scene_id, tag_id)
) WITHOUT ROWID;
CREATE INDEX scene_tag_tag ON scene_tag (tag_id);

CREATE TABLE scene_performer (
    scene_id INTEGER NOT NULL REFERENCES scene (id) ON DELETE CASCADE,
    performer_id INTEGER NOT NULL REFERENCES performer (id) ON DELETE CASCADE,
    PRIMARY KEY (scene_id, performer_id)
) WITHOUT ROWID;
CREATE INDEX scene_performer_performer ON scene_performer (performer_id);

CREATE TABLE gallery_tag (
    gallery_id INTEGER NOT NULL REFERENCES gallery (id) ON DELETE CASCADE,
    tag_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    PRIMARY KEY (gallery_id, tag_id)
) WITHOUT ROWID;
CREATE INDEX gallery_tag_tag ON gallery_tag (tag_id);

CREATE TABLE gallery_performer (
    gallery_id INTEGER NOT NULL REFERENCES gallery (id) ON DELETE CASCADE,
    performer_id INTEGER NOT NULL REFERENCES performer (id) ON DELETE CASCADE,
    PRIMARY KEY (gallery_id, performer_id)
) WITHOUT ROWID;
CREATE INDEX gallery_performer_performer ON gallery_performer (performer_id);

CREATE TABLE performer_tag (
    performer_id INTEGER NOT NULL REFERENCES performer (id) ON DELETE CASCADE,
    tag_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    PRIMARY KEY (performer_id, tag_id)
) WITHOUT ROWID;
CREATE INDEX performer_tag_tag ON performer_tag (tag_id);

CREATE TABLE studio_tag (
    studio_id INTEGER NOT NULL REFERENCES studio (id) ON DELETE CASCADE,
    tag_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    PRIMARY KEY (studio_id, tag_id)
) WITHOUT ROWID;
CREATE INDEX studio_tag_tag ON studio_tag (tag_id);
